#include "load/cli/account_news.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/options/accounts.h"
#include "shared/time/when.h"
#include "spool/journal/acked.h"
#include "spool/store/spool.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

struct known {
    uint64_t mark; /* of the spool when the last turn began */
    int64_t at;    /* when_tick() of its end; 0: there was none */
    bool failed;
    bool told; /* that there is no spool yet */
};

struct account_news {
    const struct options *options;
    struct known *list;
};

/* Order does not matter: a sum. False: there is no such file. */
static bool add_file(uint64_t *mark, const char *dir, const char *name)
{
    char path[IO_PATH];
    struct stat st;
    if (io_path(path, dir, name, NULL) != OK || stat(path, &st) != 0)
        return false;
    const int64_t told[] = {st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (int64_t)st.st_ino};
    *mark += XXH3_64bits_withSeed(told, sizeof told, XXH3_64bits(path, strlen(path)));
    return true;
}

static bool is_journal(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot != NULL && strncmp(dot, ".journal", 8) == 0;
}

static void add_table(uint64_t *mark, const char *dir, const char *name)
{
    char path[IO_PATH];
    const struct dirent *entry;
    if (io_path(path, dir, name, NULL) != OK || add_file(mark, path, ACKED_FILE))
        return;
    DIR *folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (is_journal(entry->d_name))
            (void)add_file(mark, path, entry->d_name);
    if (folder != NULL)
        (void)closedir(folder);
}

static uint64_t look(const char *path)
{
    const struct dirent *entry;
    uint64_t mark = 0;
    DIR *folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.' && entry->d_type != DT_REG)
            add_table(&mark, path, entry->d_name);
    if (folder != NULL)
        (void)closedir(folder);
    return mark;
}

/* A spool that has gone since is no reason to wait: the account's turn fails, and says so. */
static bool waits_for_spool(struct known *k, const char *path, const char *account)
{
    if (k->at != 0 || spool_is_there(path))
        return false;
    if (!k->told) {
        log_account(account);
        LOG(LOG_WARN, "no-spool", "there is no spool yet; it is waited for", F_STR("spool", path));
        log_account(NULL);
    }
    k->told = true;
    return true;
}

bool account_news_is_due(struct account_news *n, size_t i, bool asked)
{
    char path[IO_PATH];
    struct known *k = &n->list[i];
    const char *account = options_account_name(n->options, i);
    bool named = io_path(path, options_accounts_folder(n->options), account, NULL) == OK;
    if (named && waits_for_spool(k, path, account))
        return false;
    int64_t since = when_tick() - k->at;
    uint64_t mark = named ? look(path) : 0;
    if (!asked && k->at != 0 && mark == k->mark && since < (k->failed ? NEWS_RETRY : NEWS_ANYWAY))
        return false;
    k->mark = mark;
    return true;
}

bool account_news_is_expected(const struct account_news *n, size_t i)
{
    const struct known *k = &n->list[i];

    return k->at == 0 || when_tick() - k->at >= (k->failed ? NEWS_RETRY : NEWS_ANYWAY);
}

void account_news_ended(struct account_news *n, size_t i, int code)
{
    n->list[i].at = when_tick();
    n->list[i].failed = code != 0 && code != err_exit(ERR_SET_ASIDE);
}

enum err_code account_news_open(struct account_news **out, const struct options *o, struct err *e)
{
    struct account_news *n = calloc(1, sizeof *n);
    struct known *list = calloc(options_accounts(o), sizeof *list);
    if (n == NULL || list == NULL) {
        free(n);
        free(list);
        return err_set(e, ERR_NOMEM, "out of memory for the accounts");
    }
    *n = (struct account_news){.options = o, .list = list};
    *out = n;
    return OK;
}

void account_news_close(struct account_news *n)
{
    if (n == NULL)
        return;
    free(n->list);
    free(n);
}
