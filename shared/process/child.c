#include "shared/process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STDERR_MAX ((size_t)4096)
#define PATIENCE   5000 /* milliseconds that it has to end by itself */
#define ENV_MAX    1024

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

void child_catch_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal};
    (void)sigemptyset(&a.sa_mask);
    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
}

void child_stop(void)
{
    stopped = 1;
}

bool child_is_stopped(void)
{
    return stopped != 0;
}

static int64_t monotonic(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Sleeps in short pieces, because a signal that comes right before the system call does not wake it. */
void child_sleep(int64_t microseconds)
{
    int64_t until = monotonic() + microseconds;
    while (!stopped) {
        int64_t left = until - monotonic();
        if (left <= 0)
            return;
        (void)poll(NULL, 0, left > 200000 ? 200 : (int)(left / 1000) + 1);
    }
}

struct child {
    pid_t pid;
    int out;
    int err;
    int failed; /* its end of the pipe closes with exec; else errno comes */
    char said[STDERR_MAX];
    size_t said_n;
    struct buf *kept;
    enum err_code lost; /* why not all that it wrote is there */
};

static bool is_ours(const char *variable)
{
    return strncmp(variable, "NETTY_", 6) == 0 || strncmp(variable, "PG", 2) == 0 ||
           strncmp(variable, "DATABASE_URL", 12) == 0;
}

/* Runs between fork and exec, so nothing here allocates memory. */
static _Noreturn void become(const char *const *argv, int in, const int out[2], const int err[2],
                             int failed, pid_t parent)
{
    static char *env[ENV_MAX];
    union {
        const char *const *const_args;
        char *const *args;
    } program = {.const_args = argv};
    size_t n = 0;
    for (char **v = environ; *v && n + 1 < ENV_MAX; v++)
        if (!is_ours(*v))
            env[n++] = *v;
    env[n] = NULL;
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGXFSZ, SIG_DFL);
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0 &&
        dup2(err[1], STDERR_FILENO) >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
        getppid() == parent)
        (void)execvpe(argv[0], program.args, env);
    int why = errno;
    ssize_t told = write(failed, &why, sizeof why);
    _exit(told == (ssize_t)sizeof why ? 127 : 126);
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            (void)close(pair[i]);
}

/* Opens what the program will read: all of it is in the pipe before the program runs. Returns -1 with errno set. */
static int open_input(const char *input)
{
    int in[2];
    size_t n = input != NULL ? strlen(input) : 0;
    if (n == 0)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (n > CHILD_INPUT) {
        errno = E2BIG;
        return -1;
    }
    if (pipe2(in, O_CLOEXEC) != 0)
        return -1;
    ssize_t put = write(in[1], input, n);
    (void)close(in[1]);
    if (put == (ssize_t)n)
        return in[0];
    (void)close(in[0]);
    return -1;
}

static enum err_code begin(struct child *c, const char *const *argv, const char *input,
                           struct err *e)
{
    int in = -1;
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    int failed[2] = {-1, -1};
    int why = 0;
    pid_t parent = getpid();
    enum err_code rc = OK;
    if ((in = open_input(input)) < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 ||
        pipe2(failed, O_CLOEXEC) != 0 || (c->pid = fork()) < 0) {
        rc = err_sys(e, ERR_CREATE, "cannot run %s", argv[0]);
        if (in >= 0)
            (void)close(in);
        close_pair(out);
        close_pair(err);
        close_pair(failed);
        return rc;
    }
    if (c->pid == 0)
        become(argv, in, out, err, failed[1], parent);
    (void)close(in);
    (void)close(out[1]);
    (void)close(err[1]);
    (void)close(failed[1]);
    c->out = out[0];
    c->err = err[0];
    ssize_t n;
    do
        n = read(failed[0], &why, sizeof why);
    while (n < 0 && errno == EINTR);
    (void)close(failed[0]);
    if (n == (ssize_t)sizeof why) {
        errno = why;
        rc = err_sys(e, ERR_CONFIG, "cannot run %s", argv[0]);
    }
    return rc;
}

/* Takes output. Returns false where it ends. Standard output is kept as far as it fits, of standard error the end is kept. */
static bool take(struct child *c, int fd)
{
    char piece[1024];
    ssize_t n = read(fd, piece, sizeof piece);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n > 0 && fd == c->out) {
        if (c->kept && c->lost == OK)
            c->lost = buf_add(c->kept, piece, (size_t)n);
    } else if (n > 0) {
        size_t room = sizeof c->said - c->said_n;
        if ((size_t)n > room) {
            size_t drop = (size_t)n - room;
            memmove(c->said, c->said + drop, c->said_n - drop);
            c->said_n -= drop;
        }
        memcpy(c->said + c->said_n, piece, (size_t)n);
        c->said_n += (size_t)n;
    }
    return n > 0;
}

/* Takes output until both pipes have ended. */
static void listen_to(struct child *c)
{
    struct pollfd fds[2] = {{.fd = c->out, .events = POLLIN}, {.fd = c->err, .events = POLLIN}};
    int64_t asked = 0;
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (stopped && asked == 0) {
            asked = monotonic();
            (void)kill(c->pid, SIGTERM);
        } else if (asked > 0 && monotonic() - asked > (int64_t)PATIENCE * 1000) {
            (void)kill(c->pid, SIGKILL);
        }
        if (poll(fds, 2, 200) <= 0)
            continue;
        for (int i = 0; i < 2; i++)
            if (fds[i].fd >= 0 && fds[i].revents != 0 && !take(c, fds[i].fd))
                fds[i].fd = -1;
    }
}

#define STAMP ((size_t)20)

/* Is p[0..n) the "2026/11/30 11:00:06 " with which rclone begins a message? */
static bool is_stamp(const char *p, size_t n)
{
    static const char form[] = "dddd/dd/dd dd:dd:dd ";
    for (size_t i = 0; i < STAMP; i++)
        if (i >= n || (form[i] == 'd' ? p[i] < '0' || p[i] > '9' : p[i] != form[i]))
            return false;
    return true;
}

/* Returns where the last message begins. A message begins with a stamp, and its further lines have none. Without any stamp it is
 * the last line that is not empty. */
static size_t last_message(const struct child *c)
{
    size_t begin = 0;
    size_t line = 0;
    for (size_t at = 0; at < c->said_n; at++) {
        if (at > 0 && c->said[at - 1] == '\n')
            line = at;
        if (at == line && is_stamp(c->said + at, c->said_n - at))
            begin = at + STAMP;
        else if (at == line && c->said[at] != '\n' &&
                 (begin < STAMP || !is_stamp(c->said + begin - STAMP, STAMP)))
            begin = at;
    }
    return begin;
}

/* Keeps the last message, on one line. */
static void last_words(const struct child *c, struct child_end *end)
{
    size_t n = 0;
    for (size_t at = last_message(c); at < c->said_n && n + 1 < sizeof end->words; at++) {
        char byte = c->said[at];
        bool blank = byte == '\n' || byte == '\t' || byte == '\r' || byte == ' ';
        if (!blank || (n > 0 && end->words[n - 1] != ' '))
            end->words[n++] = blank ? ' ' : byte;
    }
    while (n > 0 && end->words[n - 1] == ' ')
        n--;
    end->words[n] = '\0';
}

enum err_code child_run(const char *const *argv, const char *input, struct buf *out,
                        struct child_end *end, struct err *e)
{
    struct child *c = calloc(1, sizeof *c);
    int status = 0;
    if (!c)
        return err_set(e, ERR_NOMEM, "out of memory");
    c->pid = c->out = c->err = -1;
    c->kept = out;
    enum err_code rc =
        stopped ? err_set(e, ERR_INTERRUPTED, "stopped by a signal") : begin(c, argv, input, e);
    if (rc == OK)
        listen_to(c);
    if (c->pid > 0)
        while (waitpid(c->pid, &status, 0) < 0)
            if (errno != EINTR)
                break;
    if (c->out >= 0)
        (void)close(c->out);
    if (c->err >= 0)
        (void)close(c->err);
    end->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    last_words(c, end);
    if (rc == OK && stopped && end->code != 0)
        rc = err_set(e, ERR_INTERRUPTED, "stopped by a signal");
    if (rc == OK && c->lost != OK)
        rc = buf_err(e, c->lost, c->kept, "what rclone has written");
    free(c);
    return rc;
}
