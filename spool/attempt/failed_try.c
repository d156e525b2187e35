#include "spool/attempt/failed_try.h"

#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/format/hint_file.h"
#include "spool/format/json_fields.h"
#include "spool/store/table_dir.h"

#define WORD_MAX 40

static const char *name_of(bool load)
{
    return load ? "trying-load.json" : "trying-extract.json";
}

static enum err_code tell(const char *dir, bool load, enum err_code code, struct err *e)
{
    struct buf line;
    char at[WHEN_TEXT];
    int fd = -1;
    buf_init(&line, HINT_FILE_MAX);
    enum err_code rc = buf_addf(&line, "{\"netty_trying\":1,\"error\":\"%s\",\"at\":\"%s\"",
                                err_word(code), when_iso(when_now(), at));
    if (rc != OK)
        (void)buf_err(e, rc, &line, name_of(load));
    else
        rc = hint_file_write(&fd, dir, name_of(load), &line, e);
    hint_file_close(&fd);
    buf_free(&line);
    return rc;
}

static enum err_code forget(const char *dir, bool load, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = io_path(path, dir, name_of(load), e);
    return rc == OK ? safe_remove(path, e) : rc;
}

void failed_try_note(struct failed_try *t, enum err_code code)
{
    struct err e = ERR_INIT;
    char dir[IO_PATH];
    if (t->spool == NULL || (code == OK && t->looked && t->told == OK))
        return;
    enum err_code rc = table_dir(dir, t->spool, t->table, &e);
    if (rc == OK)
        rc = code == OK ? forget(dir, t->load, &e) : tell(dir, t->load, code, &e);
    if (rc != OK)
        LOG(LOG_DEBUG, "trying", "the spool is not told what is tried again",
            F_STR("table", t->table), F_ERR(&e));
    t->looked = true;
    t->told = code;
}

enum err_code failed_try_read(const struct spool *s, const char *table, bool load)
{
    char dir[IO_PATH];
    char line[HINT_FILE_MAX];
    char word[WORD_MAX];
    enum hint_file_state state;
    size_t n = 0;
    int64_t at = WHEN_NONE;
    struct field fields[] = {
        {.name = "error", .type = FIELD_TEXT, .to = word, .room = sizeof word},
        {.name = "at", .type = FIELD_TIME, .to = &at},
    };
    if (table_dir(dir, s, table, NULL) != OK ||
        hint_file_read(dir, name_of(load), line, &n, &state, NULL) != OK ||
        state != HINT_FILE_KNOWN || fields_read(line, n, fields, FIELDS(fields), NULL) != OK)
        return OK;
    return when_now() - at < FAILED_TRY_COUNTS ? err_of_word(word) : OK;
}
