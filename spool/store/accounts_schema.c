/* Finds accounts that load into the same schema of the same database, where their records would be mixed. */
#include "spool/store/accounts_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target {
    const char *schema; /* NULL: what search_path shows */
    char *database;
    const char *name;
};

/* Returns the account's database address: its own, be it in a file or not, else that of all accounts. */
static enum err_code address_of(const struct options *o, size_t i, accounts_address_fn *address,
                                char **out, struct err *e)
{
    char line[ACCOUNTS_LINE];
    const char *file = options_account_setting(o, i, OPT_DB_FILE);
    const char *text = file == NULL ? options_account_text(o, i, OPT_DB) : NULL;
    enum err_code rc = OK;
    if (file == NULL && text == NULL)
        file = options_account_text(o, i, OPT_DB_FILE);
    if (file != NULL && address != NULL && accounts_first_line(file, line, sizeof line))
        text = line;
    if (address != NULL && (text != NULL || file == NULL))
        rc = address(out, text, e);
    else if ((*out = strdup(text != NULL ? text : file != NULL ? file : "")) == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory for the settings");
    explicit_bzero(line, sizeof line);
    return rc;
}

static int by_target(const void *a, const void *b)
{
    const struct target *x = a;
    const struct target *y = b;
    int order = strcmp(x->schema != NULL ? x->schema : "", y->schema != NULL ? y->schema : "");
    if (order == 0)
        order = strcmp(x->database, y->database);
    return order != 0 ? order : strcmp(x->name, y->name);
}

static enum err_code refuse(const struct target *a, const struct target *b, struct err *e)
{
    if (a->schema == NULL)
        return err_set(e, ERR_CONFIG,
                       "the accounts %s and %s load into one database, both without a schema of "
                       "their own: set schema in [account %s] and [account %s]",
                       a->name, b->name, a->name, b->name);
    return err_set(e, ERR_CONFIG,
                   "the accounts %s and %s load into one schema, %.63s, of one database: set "
                   "another schema in [account %s]",
                   a->name, b->name, a->schema, b->name);
}

static enum err_code check(const struct target *list, size_t n, struct err *e)
{
    for (size_t i = 1; i < n; i++) {
        const struct target *a = &list[i - 1];
        const struct target *b = &list[i];
        bool schema = a->schema != NULL && b->schema != NULL ? strcmp(a->schema, b->schema) == 0
                                                             : a->schema == b->schema;
        if (schema && strcmp(a->database, b->database) == 0)
            return refuse(a, b, e);
    }
    return OK;
}

enum err_code accounts_check_schemas(const struct options *o, accounts_address_fn *address,
                                     struct err *e)
{
    size_t count = options_accounts(o);
    size_t n = 0;
    enum err_code rc = OK;
    struct target *list = calloc(count, sizeof *list);
    if (list == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the settings");
    for (size_t i = 0; rc == OK && i < count; i++) {
        struct target *t = &list[n];
        t->name = options_account_name(o, i);
        t->schema = options_account_text(o, i, OPT_SCHEMA);
        /* Only the loader compares accounts without a schema; the others may run on a host without a database. */
        if (t->schema == NULL && address == NULL)
            continue;
        rc = address_of(o, i, address, &t->database, e);
        n += rc == OK;
    }
    qsort(list, n, sizeof *list, by_target);
    if (rc == OK)
        rc = check(list, n, e);
    for (size_t i = 0; i < n; i++)
        free(list[i].database);
    free(list);
    return rc;
}
