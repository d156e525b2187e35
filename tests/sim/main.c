/*
 * netty-sim: the stand-in for the Netty API. README.md says what it can do.
 */
#include "tests/sim/server.h"

#include "shared/base/buf.h"
#include "shared/files/file_io.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whole or not at all: whoever waits for the file reads a complete number. */
static enum err_code write_port(const char *path, uint16_t port, struct err *e)
{
    enum err_code rc;
    struct buf name, text;
    buf_init(&name, IO_PATH);
    buf_init(&text, 16);
    int fd = -1;
    if ((rc = buf_addf(&name, "%s.new", path)) != OK ||
        (rc = buf_addf(&text, "%" PRIu16 "\n", port)) != OK) {
        rc = buf_err(e, rc, &name, "the port file's name");
        goto done;
    }
    fd = open(name.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        rc = err_sys(e, ERR_CREATE, "cannot create %s", name.data);
        goto done;
    }
    if ((rc = io_write(fd, text.data, text.len, name.data, e)) != OK)
        goto done;
    if (rename(name.data, path) != 0)
        rc = err_sys(e, ERR_CREATE, "cannot create %s", path);
done:
    if (fd >= 0)
        (void)close(fd);
    buf_free(&text);
    buf_free(&name);
    return rc;
}

static enum err_code run(const struct sim_conf *conf, const sigset_t *ends, struct err *e)
{
    enum err_code rc;
    struct world *w = NULL;
    struct server *s = NULL;
    int signal_number;
    if ((rc = world_open(&w, conf, e)) != OK || (rc = server_start(&s, w, e)) != OK)
        goto done;
    if (conf->port_file != NULL && (rc = write_port(conf->port_file, w->port, e)) != OK)
        goto done;
    (void)printf("netty-sim: http://127.0.0.1:%" PRIu16 "\n", w->port);
    (void)fflush(stdout);
    (void)sigwait(ends, &signal_number);
done:
    server_stop(s);
    world_close(w);
    return rc;
}

int main(int argc, char **argv)
{
    static struct sim_conf conf;
    struct err e = ERR_INIT;
    sigset_t ends;
    enum err_code rc = sim_options(&conf, argc, argv, &e);
    if (rc == OK && conf.help) {
        sim_usage();
        return 0;
    }
    /* Blocked before the first thread is, so that sigwait is where they arrive. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (rc == OK)
        rc = run(&conf, &ends, &e);
    if (rc != OK)
        (void)fprintf(stderr, "netty-sim: %s\n", e.msg);
    return err_exit(rc);
}
