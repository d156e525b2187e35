/* What happens when the disk fails, and when the program is killed at each point of a commit and of
 * sealing. */
#include "tests/unit/spool/helper.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const struct page_place start = {0, 0};

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_failed_write_costs_the_page_only(void **state)
{
    struct fixture f;
    struct read_back b;
    struct err err = ERR_INIT;
    char big[9000];
    (void)state;
    memset(big, 'x', sizeof big);
    fixture_open(&f);
    start_writing(&f);
    put_page(&f, 0, 5);
    run(&f);
    limit_files(4096);
    assert_ok(writer_begin(f.writer, e));
    enum err_code rc = writer_append(f.writer, big, sizeof big, &err);
    struct page_info info = {.fetched = 1, .complete_to = WHEN_NONE};
    if (rc == OK)
        rc = writer_end(f.writer, &info, "{}", on_done, &f, &err);
    assert_int_equal(rc, ERR_IO);
    assert_ok(writer_abort(f.writer, e));
    limit_files(RLIM_INFINITY);
    put_page(&f, 5, 5);
    run(&f);
    assert_int_equal(f.failed, 0);
    assert_int_equal(f.info.place.segment, 1);
    assert_int_equal(f.info.place.page, 2);
    stop_writing(&f);
    read_all(&f, start, &b);
    assert_int_equal(b.pages, 2);
    assert_int_equal(b.damaged, 0);
    assert_true(b.in_order);
    fixture_close(&f);
}

/* The journal cannot grow: the page, and those behind it, are called back with the error; the next
 * one begins a new segment at the last acknowledged position. */
static void a_failed_commit_gives_the_segment_up(void **state)
{
    struct fixture f;
    struct read_back b;
    struct err err = ERR_INIT;
    struct stat st;
    char path[256];
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    put_page(&f, 0, 5);
    run(&f);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    assert_int_equal(stat(path, &st), 0);
    limit_files((rlim_t)st.st_size + 50);
    put_page(&f, 5, 1);
    put_page(&f, 6, 1);
    assert_ok(writer_begin(f.writer, e));
    run(&f);
    limit_files(RLIM_INFINITY);
    assert_int_equal(f.done, 3);
    assert_int_equal(f.failed, 2);
    assert_int_equal(f.rc, ERR_IO);
    assert_string_equal(writer_position(f.writer), "{\"next\":5}");
    /* The page that was open is lost with its segment. */
    assert_int_equal(writer_append(f.writer, "{}", 2, &err), ERR_IO);
    assert_ok(writer_abort(f.writer, e));
    put_page(&f, 5, 5);
    run(&f);
    assert_int_equal(f.failed, 2);
    assert_int_equal(f.info.place.segment, 2);
    stop_writing(&f);
    read_all(&f, start, &b);
    assert_int_equal(b.pages, 2);
    assert_int_equal(b.records, 10);
    assert_int_equal(b.damaged, 0);
    assert_true(b.in_order);
    fixture_close(&f);
}

/* A segment of which no page was ever durable, whose journal a reader may have seen: the next one,
 * in this process and in the next, has another number. */
static void a_number_that_was_seen_stays_taken(void **state)
{
    struct read_back b;
    (void)state;
    for (int another = 0; another < 2; another++) {
        struct fixture f;
        fixture_open(&f);
        start_writing(&f);
        limit_files(300); /* room for the records and the header, not for the page's line */
        put_page(&f, 0, 5);
        run(&f);
        limit_files(RLIM_INFINITY);
        assert_int_equal(f.failed, 1);
        assert_true(exists(&f, 1, SEGMENT_JOURNAL));
        if (another) {
            stop_writing(&f);
            start_writing(&f);
        }
        assert_null(writer_position(f.writer));
        put_page(&f, 0, 5);
        run(&f);
        assert_int_equal(f.failed, 1);
        assert_int_equal(f.info.place.segment, 2);
        stop_writing(&f);
        read_all(&f, start, &b);
        assert_int_equal(b.records, 5);
        assert_int_equal(b.damaged, 0);
        fixture_close(&f);
    }
}

#ifdef NETTY_FAULTS
#define PAGES 12
#define PER   4

static int next_record(const struct fixture *f)
{
    int next = 0;
    const char *position = writer_position(f->writer);
    if (position)
        next = number_behind(position, "{\"next\":");
    return next;
}

/* Writes on from the position to the end. A line goes to told for every page that is called
 * durable. */
struct told {
    struct fixture *f;
    int fd;
};

static void tell(void *ctx, enum err_code rc, const struct page_info *info, const struct err *err)
{
    struct told *t = ctx;
    (void)info, (void)err;
    if (rc != OK || write(t->fd, ".", 1) != 1)
        _exit(3);
}

static void write_rest(struct fixture *f, int told_fd)
{
    struct told t = {f, told_fd};
    struct page_info info = {.fetched = 1, .complete_to = WHEN_NONE};
    f->conf.segment_size = 700;
    start_writing(f);
    for (int i = next_record(f); i < PAGES * PER; i += PER) {
        char text[128];
        assert_ok(writer_begin(f->writer, e));
        for (int k = i; k < i + PER; k++) {
            size_t n = record_text(text, sizeof text, k);
            assert_ok(writer_append(f->writer, text, n, e));
        }
        (void)snprintf(text, sizeof text, "{\"next\":%d}", i + PER);
        assert_ok(writer_end(f->writer, &info, text, tell, &t, e));
        if (i % (3 * PER) == 0)
            run(f);
    }
    stop_writing(f);
}

/* In a process of its own, which reads its wish afresh. Dies at the n-th passing of the point;
 * false when it is not passed that often. */
static bool die(const char *point, int n, int *acknowledged, struct fixture *f)
{
    int fds[2];
    int status;
    char dots[PAGES + 1];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char wish[64];
        (void)snprintf(wish, sizeof wish, "%s:%d", point, n);
        struct fixture child = *f;
        if (setenv("NETTY_FAULT", wish, 1) != 0 || uv_loop_init(&child.loop) != 0)
            _exit(2);
        write_rest(&child, fds[1]);
        _exit(0);
    }
    assert_int_equal(close(fds[1]), 0);
    *acknowledged = 0;
    for (ssize_t got; (got = read(fds[0], dots, sizeof dots)) > 0;)
        *acknowledged += (int)got;
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status)) {
        assert_int_equal(WEXITSTATUS(status), 0);
        return false;
    }
    assert_int_equal(WTERMSIG(status), SIGKILL);
    return true;
}

static void nothing_is_lost_or_doubled_at_any_point(void **state)
{
    static const char *const points[] = {
        "recovered",       "page-synced",    "journal-created", "segment-created",
        "journal-written", "journal-synced", "acked-written",   "journal-copied",
        "journal-remade",  "compressed",     "sealed",          "compressed-renamed",
        "plain-removed",
    };
    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        int deaths = 0;
        for (int n = 1;; n++) {
            struct fixture f;
            struct read_back b;
            int acknowledged;
            fixture_open(&f);
            bool died = die(points[i], n, &acknowledged, &f);
            read_all(&f, start, &b);
            if (b.pages < acknowledged || b.damaged || !b.in_order)
                fail_msg("%s:%d: %d pages of %d, %d damaged", points[i], n, b.pages, acknowledged,
                         b.damaged);
            assert_false(die("none", 1, &acknowledged, &f));
            read_all(&f, start, &b);
            if (b.records != PAGES * PER || b.damaged || !b.in_order)
                fail_msg("%s:%d: then %d records, %d damaged", points[i], n, b.records, b.damaged);
            fixture_close(&f);
            deaths += died;
            if (!died)
                break;
        }
        print_message("%-20s %d deaths, all recovered\n", points[i], deaths);
        assert_true(deaths > 0);
    }
}
#endif

int main(void)
{
    log_setup("test", LOG_TEXT, LOG_ERROR);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_to(null);
    const struct CMUnitTest tests[] = {
#ifdef NETTY_FAULTS
        /* First: it forks, and libuv's threads must not be there yet. */
        cmocka_unit_test(nothing_is_lost_or_doubled_at_any_point),
#endif
        cmocka_unit_test(a_failed_write_costs_the_page_only),
        cmocka_unit_test(a_failed_commit_gives_the_segment_up),
        cmocka_unit_test(a_number_that_was_seen_stays_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
