/*
 * A server of the PostgreSQL protocol that plays a script: a child process, one connection.
 *
 * The script is text, one step a character:
 *   A  take the startup message; answer: authenticated, ready
 *   P  the same, but ask for a password first (and take any)
 *   q  take messages up to and with a Query or Sync
 *   c  take messages up to and with CopyDone or CopyFail
 *   1  answer with a row "1" and end the statement
 *   G  answer that COPY may begin
 *   E  answer with the error of `state` and `text` and end the statement
 *   F  the same as FATAL, without the end
 *   T  answer with the command tag COPY 0
 *   Z  end the statement: ready for the next
 *   X  close the connection
 *   S  say nothing until the client has gone
 */
#ifndef NETTY_TESTS_UNIT_LOAD_FAKE_SERVER_H
#define NETTY_TESTS_UNIT_LOAD_FAKE_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct fake_server {
    pid_t pid;
    char conninfo[200];
};

static bool fake_take(int fd, void *p, size_t n)
{
    char *to = p;

    while (n > 0) {
        ssize_t got = read(fd, to, n);
        if (got <= 0)
            return false;
        to += got;
        n -= (size_t)got;
    }
    return true;
}

/* One message; its type, or 0 when the client has gone. */
static char fake_message(int fd, bool typed)
{
    char type = 'S';
    uint32_t length;
    char skip[4096];

    if ((typed && !fake_take(fd, &type, 1)) || !fake_take(fd, &length, 4))
        return 0;
    for (size_t left = ntohl(length) - 4; left > 0;) {
        size_t n = left < sizeof skip ? left : sizeof skip;
        if (!fake_take(fd, skip, n))
            return 0;
        left -= n;
    }
    return type;
}

static void fake_give(int fd, char type, const void *body, size_t n)
{
    char message[1024];
    uint32_t length = htonl((uint32_t)n + 4);

    message[0] = type;
    memcpy(message + 1, &length, 4);
    memcpy(message + 5, body, n);
    if (write(fd, message, n + 5) != (ssize_t)n + 5)
        _exit(3);
}

static void fake_error(int fd, const char *severity, const char *state, const char *text)
{
    char body[512];
    int n = snprintf(body, sizeof body, "S%s%cV%s%cC%s%cM%s%cD%s%c", severity, 0, severity, 0,
                     state, 0, text, 0, "Key (secret)=(row content)", 0);

    body[n] = '\0';
    fake_give(fd, 'E', body, (size_t)n + 1);
}

static void fake_ready(int fd)
{
    fake_give(fd, 'Z', "I", 1);
}

static void fake_step(int fd, char step, const char *state, const char *text)
{
    static const char row[] = "\0\1?\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0";
    char type;

    switch (step) {
    case 'A':
    case 'P':
        fake_message(fd, false);
        if (step == 'P') {
            fake_give(fd, 'R', "\0\0\0\3", 4);
            fake_message(fd, true);
        }
        fake_give(fd, 'R', "\0\0\0\0", 4);
        fake_give(fd, 'S', "server_version\00015.1", 20);
        fake_give(fd, 'K', "\0\0\0\1\0\0\0\2", 8);
        fake_ready(fd);
        break;
    case 'q':
        while ((type = fake_message(fd, true)) != 'Q' && type != 'S' && type != 0)
            continue;
        break;
    case 'c':
        while ((type = fake_message(fd, true)) != 'c' && type != 'f' && type != 0)
            continue;
        break;
    case '1':
        fake_give(fd, 'T', row, 22);
        fake_give(fd, 'D', "\0\1\0\0\0\0011", 7);
        fake_give(fd, 'C', "SELECT 1", 9);
        fake_ready(fd);
        break;
    case 'G':
        fake_give(fd, 'G', "\1\0\0", 3);
        break;
    case 'T':
        fake_give(fd, 'C', "COPY 0", 7);
        break;
    case 'E':
        fake_error(fd, "ERROR", state, text);
        fake_ready(fd);
        break;
    case 'F':
        fake_error(fd, "FATAL", state, text);
        break;
    case 'Z':
        fake_ready(fd);
        break;
    case 'S':
        while (fake_message(fd, true) != 0)
            continue;
        break;
    default:
        break;
    }
}

static void fake_start(struct fake_server *s, const char *script, const char *state,
                       const char *text)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int listening = socket(AF_INET, SOCK_STREAM, 0);

    if (listening < 0 || bind(listening, (struct sockaddr *)&at, n) != 0 ||
        listen(listening, 1) != 0 || getsockname(listening, (struct sockaddr *)&at, &n) != 0)
        abort();
    snprintf(s->conninfo, sizeof s->conninfo,
             "host=127.0.0.1 port=%d dbname=d user=u password=hush-hush-42 sslmode=disable "
             "gssencmode=disable connect_timeout=20",
             ntohs(at.sin_port));
    s->pid = fork();
    if (s->pid < 0)
        abort();
    if (s->pid == 0) {
        int fd = accept(listening, NULL, NULL);
        for (const char *step = script; fd >= 0 && *step != '\0' && *step != 'X'; step++)
            fake_step(fd, *step, state, text);
        _exit(0);
    }
    close(listening);
}

static void fake_end(struct fake_server *s)
{
    int status;

    waitpid(s->pid, &status, 0);
}

#endif
