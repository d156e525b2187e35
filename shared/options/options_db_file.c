/*
 * The database's address from a file, as systemd's LoadCredential and container secrets provide it. A
 * passfile does not serve there: PostgreSQL's client refuses one that the group may read, and these
 * files are made readable by an access list, which shows as a right of the group.
 */
#include "shared/log/secret.h"
#include "shared/options/options_private.h"

enum err_code options_read_db_file(struct options *o, struct err *e)
{
    const struct setting *db = &o->set[OPT_DB];
    const struct setting *file = &o->set[OPT_DB_FILE];
    struct secret *address = NULL;
    if (file->source == FROM_DEFAULT || db->source > file->source)
        return OK;
    if (db->source == file->source)
        return err_set(e, ERR_CONFIG, "%s and %s are both set: leave one of them out",
                       options_origin(o, OPT_DB), options_origin(o, OPT_DB_FILE));
    enum err_code rc = secret_from_file(&address, file->text, file->origin, e);
    if (rc == OK)
        rc = options_take(o, &option_table[OPT_DB], file->source, secret_reveal(address),
                          file->origin, file->origin, e);
    secret_free(address);
    return rc;
}
