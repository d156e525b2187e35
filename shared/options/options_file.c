/*
 * The configuration file: INI, read by inih, which is set to take values as they stand (no comments
 * within a value, no continued lines) and to stop at the first error. What inih would accept and should
 * not is refused here before inih sees the line: text behind a section's ], malformed sections, lines
 * longer than its limit, NUL bytes.
 */
#include "shared/base/buf.h"
#include "shared/files/file_io.h"
#include "shared/log/conninfo_secrets.h"
#include "shared/log/secret.h"
#include "shared/options/options_private.h"
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 20)
#define LINE_MAX 8192

enum section {
    SECTION_NONE,
    SECTION_EXTRACT,
    SECTION_LOAD,
    SECTION_SPOOL,
    SECTIONS
};
static const char *const section_names[SECTIONS] = {"", "extract", "load", "spool"};
static const unsigned section_programs[SECTIONS] = {0, PROGRAM_EXTRACT, PROGRAM_LOAD,
                                                    PROGRAM_SPOOL};

struct file {
    struct options *options;
    const char *path;
    const char *rest; /* what is still to be read */
    int line;
    bool seen[SECTIONS][OPTIONS];
    enum err_code rc;
    struct err *e;
    bool secret;  /* a password was among the values */
    bool account; /* the section is an account's, the last that was begun */
};

static bool refuse(struct file *f, const char *what)
{
    f->rc = err_set(f->e, ERR_CONFIG, "%s:%d: %s", f->path, f->line, what);
    return false;
}

static int section_of(const char *name, size_t n)
{
    for (int i = 0; i < SECTIONS; i++)
        if (strlen(section_names[i]) == n && memcmp(section_names[i], name, n) == 0)
            return i;
    return -1;
}

#define NO_SECTION "a section must be [extract], [load], [spool] or [account NAME]"
#define ACCOUNT    "account "

static bool begin_account(struct file *f, const char *name, size_t n)
{
    char origin[IO_PATH + 16];
    const char *why = NULL;
    (void)snprintf(origin, sizeof origin, "%s:%d", f->path, f->line);
    f->rc = account_begin(f->options, name, n, origin, &why, f->e);
    f->account = true;
    return f->rc == OK && (why == NULL || refuse(f, why));
}

/* Judges a line that begins a section: one of the three programs or an account, and nothing else on the line. */
static bool check_section(struct file *f, const char *line, size_t n)
{
    while (n > 0 && strchr(" \t\r", *line) != NULL) {
        line++;
        n--;
    }
    while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL)
        n--;
    if (n == 0 || *line != '[')
        return true;
    f->account = false;
    if (n > 2 && line[n - 1] == ']' && section_of(line + 1, n - 2) > 0)
        return true;
    if (n > sizeof ACCOUNT && line[n - 1] == ']' &&
        memcmp(line + 1, ACCOUNT, sizeof ACCOUNT - 1) == 0)
        return begin_account(f, line + sizeof ACCOUNT, n - sizeof ACCOUNT - 1);
    return refuse(f, NO_SECTION);
}

/* What inih uses for fgets: reads one line into out; NULL at the end or at an error. */
static char *next_line(char *out, int room, void *ctx)
{
    struct file *f = ctx;
    size_t n = strcspn(f->rest, "\n");
    if (*f->rest == '\0' || f->rc != OK)
        return NULL;
    f->line++;
    if (n + 3 > (size_t)room) {
        (void)refuse(f, "the line is too long");
        return NULL;
    }
    if (!check_section(f, f->rest, n))
        return NULL;
    memcpy(out, f->rest, n);
    f->rest += n;
    if (*f->rest == '\n') {
        out[n++] = '\n';
        f->rest++;
    }
    out[n] = '\0';
    return out;
}

static bool unknown(struct file *f, const char *name)
{
    char what[200];
    char hint[OPTION_HINT];
    (void)snprintf(what, sizeof(what), "unknown setting '%.60s'%s", name,
                   option_hint(name, strlen(name), "", f->options->program, 0, hint));
    return refuse(f, what);
}

static bool refuse_setting(struct file *f, const struct option_def *d, const char *why)
{
    char what[120];
    (void)snprintf(what, sizeof(what), "%s %s", d->name, why);
    return refuse(f, what);
}

/* Refuses settings that change a single run, or that name this very file. */
static bool check_place(struct file *f, const struct option_def *d)
{
    char why[80];
    if (d->id == OPT_CONFIG)
        return refuse_setting(f, d, "cannot be set in the file that it names");
    if (d->id == OPT_ACCOUNT)
        return refuse_setting(f, d, "cannot be set in the file that has the accounts");
    (void)snprintf(why, sizeof(why), "can only be given on the command line, as --%s", d->name);
    return d->env != NULL || refuse_setting(f, d, why);
}

static bool hide_password(struct file *f, const char *value)
{
    bool secret = false;
    if (conninfo_secrets(value, &secret) != OK) {
        f->rc = err_set(f->e, ERR_NOMEM, "out of memory for %s", f->path);
        return false;
    }
    f->secret = f->secret || secret;
    return true;
}

/* Judges a setting of an account, whichever account is asked for. It is taken once the whole file is read. */
static bool take_account(struct file *f, const struct option_def *d, const char *value)
{
    char origin[IO_PATH + 16];
    char label[IO_PATH + 64];
    int64_t number = 0;
    struct options *o = f->options;
    if (account_is_outside(d->id))
        return refuse_setting(f, d,
                              d->id == OPT_SPOOL
                                  ? "is none of an account's, whose spool is a folder of its "
                                    "name: set it above the sections"
                                  : "is none of an account's: set it above the sections");
    if (account_has(o, d->id))
        return refuse_setting(f, d, "is repeated in its section");
    if (!hide_password(f, value))
        return false;
    (void)snprintf(origin, sizeof origin, "%s:%d", f->path, f->line);
    (void)snprintf(label, sizeof label, "%s: %s", origin, d->name);
    if (option_is_for(d, o->program))
        f->rc = options_judge(d, FROM_ACCOUNT, value, label, &number, f->e);
    if (f->rc == OK)
        f->rc = account_add(o, d, value, origin, f->e);
    return f->rc == OK;
}

static bool take(struct file *f, enum section section, const struct option_def *d,
                 const char *value)
{
    char origin[IO_PATH + 16];
    char label[IO_PATH + 64];
    struct options *o = f->options;
    bool own = section != SECTION_NONE && section_programs[section] == (unsigned)o->program;
    if (!option_is_for(d, o->program) || (section != SECTION_NONE && !own))
        return true; /* another program's */
    if (!hide_password(f, value))
        return false;
    (void)snprintf(origin, sizeof(origin), "%s:%d", f->path, f->line);
    (void)snprintf(label, sizeof(label), "%s: %s", origin, d->name);
    f->rc = options_take(o, d, own ? FROM_SECTION : FROM_FILE, value, label, origin, f->e);
    return f->rc == OK;
}

/* inih calls this for each value; 0 stops it. */
static int on_value(void *ctx, const char *section, const char *name, const char *value)
{
    struct file *f = ctx;
    int place = f->account ? SECTION_NONE : section_of(section, strlen(section));
    const struct option_def *d = option_named(name, strlen(name));
    if (place < 0)
        return refuse(f, NO_SECTION);
    if (d == NULL)
        return unknown(f, name);
    if (!check_place(f, d))
        return false;
    if (f->account)
        return take_account(f, d, value);
    if (f->seen[place][d->id])
        return refuse_setting(f, d, "is repeated in its section");
    f->seen[place][d->id] = true;
    return take(f, (enum section)place, d, value);
}

static enum err_code parse(struct options *o, const char *path, const struct buf *text,
                           struct err *e)
{
    struct file f = {.options = o, .path = path, .rest = text->data, .e = e};
    if (memchr(text->data, '\0', text->len) != NULL)
        return err_set(e, ERR_CONFIG, "%s is not a text file", path);
    ini_use_stack = false;
    ini_allow_realloc = false;
    ini_initial_alloc = LINE_MAX;
    ini_max_line = LINE_MAX;
    ini_allow_multiline = false;
    ini_allow_inline_comments = false;
    ini_allow_no_value = false;
    ini_stop_on_first_error = true;
    int rc = ini_parse_stream(next_line, &f, on_value, &f);
    if (f.rc == OK && rc == -2)
        return err_set(e, ERR_NOMEM, "out of memory for %s", path);
    if (f.rc == OK && rc != 0)
        (void)refuse(&f, "must be `name = value`, a [section], or a comment that begins with #");
    return f.rc == OK && f.secret ? secret_check_file(path, "the configuration file", e) : f.rc;
}

static enum err_code read_one(struct options *o, const char *path, struct err *e)
{
    struct buf text;
    buf_init(&text, FILE_MAX);
    enum err_code rc = io_read_file(path, &text, e);
    if (rc == OK)
        rc = parse(o, path, &text, e);
    else if (rc != ERR_NOMEM)
        rc = e->code = ERR_CONFIG;
    explicit_bzero(text.data, text.len);
    buf_free(&text);
    return rc;
}

enum err_code options_read_file(struct options *o, struct err *e)
{
    const char *path = NULL;
    struct err own = ERR_INIT;
    if (e == NULL)
        e = &own;
    enum err_code rc = options_find_config(o, &path, e);
    if (rc != OK || path == NULL)
        return rc;
    rc = read_one(o, path, e);
    if (rc != OK && e->sys != 0 && options_given(o, OPT_CONFIG))
        return err_prefix(e, "%s", options_origin(o, OPT_CONFIG));
    return rc == OK ? options_note_config(o, path, e) : rc;
}
