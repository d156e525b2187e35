/* netty-spool: looks at a spool, checks, repairs, prunes and ships it. */
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "spool/cli/spool_command.h"
#include "spool/overview/overview.h"
#include "spool/store/accounts.h"
#include "spool/store/spool_libraries.h"
#include <errno.h>
#include <string.h>

enum spool_use {
    READS,
    WRITES, /* to the spool, but for --dry-run */
    MAKES   /* the spool, which it opens by itself */
};

struct command {
    const char *name;
    enum err_code (*run)(const struct spool_command *c, struct err *e);
    enum spool_use use;
};

static const struct command commands[] = {
    {"ls", spool_command_ls, READS},           {"cat", spool_command_cat, READS},
    {"verify", spool_command_verify, READS},   {"dead", spool_command_dead, READS},
    {"status", spool_command_status, READS},   {"report", spool_command_report, READS},
    {"history", spool_command_history, READS}, {"prune", spool_command_prune, WRITES},
    {"digest", spool_command_digest, READS},   {"heal", spool_command_heal, WRITES},
    {"forget", spool_command_forget, WRITES},  {"runs", spool_command_runs, READS},
    {"push", spool_command_push, WRITES},      {"pull", spool_command_pull, MAKES},
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Refuses a word that is no command; the message lists the commands in the order of the table. */
static enum err_code refuse(const char *word, struct err *e)
{
    char names[200] = "";
    size_t n = 0;
    for (const struct command_def *c = command_table; c->name && n < sizeof names; c++)
        if (c->program == PROGRAM_SPOOL)
            n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", c->name);
    const struct command_def *near = word ? command_near(PROGRAM_SPOOL, word) : NULL;
    if (near)
        return err_set(e, ERR_USAGE,
                       "unknown command %.40s; did you mean %s? The commands are %s (see --help)",
                       word, near->name, names);
    return err_set(e, ERR_USAGE, "%s%s; the commands are %s (see --help)",
                   word ? "there is no command " : "a command is missing", word ? word : "", names);
}

static void show_version(void)
{
    struct libraries used = {.n = 0};
    spool_libraries(&used);
    options_version(PROGRAM_SPOOL, &used, stdout);
}

/* Does the command show all accounts, because none was asked for? Only status, runs and report do. */
static bool shows_all(const struct options *o, const struct command *command)
{
    return options_accounts(o) > 0 && options_account(o) == NULL &&
           (command->run == spool_command_status || command->run == spool_command_runs ||
            command->run == spool_command_report);
}

static enum err_code show_all(const struct options *o, const struct command *command, size_t words,
                              struct err *e)
{
    bool json = options_int(o, OPT_JSON) != 0;
    enum err_code rc = accounts_check_all(o, NULL, e);
    if (rc != OK)
        return rc;
    if (words > 1)
        return err_set(e, ERR_USAGE,
                       "a table is one of an account's: name that, too, with --account NAME");
    if (command->run == spool_command_report)
        return spool_report_all(o, e);
    return command->run == spool_command_status ? overview_status(o, stdout, json, e)
                                                : overview_runs(o, stdout, json, e);
}

/* Does the command push or pull the spools of all accounts, because none was asked for? */
static bool ships_all(const struct options *o, const struct command *command)
{
    return options_accounts(o) > 0 && options_account(o) == NULL &&
           (command->run == spool_command_push || command->run == spool_command_pull);
}

static enum err_code run(const struct options *o, struct err *e)
{
    struct spool *spool = NULL;
    const char *const *words;
    size_t count = options_words(o, &words);
    const struct command *command = count ? find(words[0]) : NULL;
    if (!command)
        return refuse(count ? words[0] : NULL, e);
    if (shows_all(o, command))
        return show_all(o, command, count, e);
    bool all = ships_all(o, command);
    enum err_code rc = all ? accounts_check_all(o, NULL, e) : accounts_check(o, NULL, e);
    if (rc == OK && command->use != MAKES && !all)
        rc = spool_open(&spool, options_text(o, OPT_SPOOL), SPOOL_LOOK, e);
    if (rc != OK)
        return rc;
    struct spool_command cmd = {.options = o,
                                .spool = spool,
                                .words = words + 1,
                                .count = count - 1,
                                .json = options_int(o, OPT_JSON) != 0,
                                .out = stdout};
    if (spool && command->use == WRITES && options_int(o, OPT_DRY_RUN) == 0)
        rc = spool_check_writer(spool, e);
    if (rc == OK)
        rc = command->run(&cmd, e);
    spool_close(spool);
    return rc;
}

int main(int argc, char **argv)
{
    struct options *o = NULL;
    struct err e = ERR_INIT;
    options_guess_log(PROGRAM_SPOOL, argc, argv);
    enum err_code rc = io_standard_files(&e);
    if (rc == OK)
        rc = options_read(&o, PROGRAM_SPOOL, argc, argv, &e);
    if (rc != OK)
        goto done;
    options_setup_log(o);
    if (options_int(o, OPT_HELP))
        options_show_help(o, stdout);
    else if (options_int(o, OPT_VERSION))
        show_version();
    else
        rc = run(o, &e);
done:
    options_free(o);
    /* The reader of standard output has ended, as `head` does: that is no error. */
    if ((rc == ERR_INTERRUPTED || rc == ERR_IO) && e.sys == EPIPE)
        return 0;
    /* A command that has only found something has logged it itself, and e has no message. */
    if (rc != OK && e.msg[0] != '\0')
        LOG(LOG_ERROR, "stopped", "netty-spool did not do all that was asked", F_ERR(&e));
    return err_exit(rc);
}
