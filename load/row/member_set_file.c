/* The file of a set of members: a header, then the known members by hash and parent. */
#include "load/row/member_set_private.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define MAGIC    UINT64_C(0x317372656d6d656d) /* and the file's version */
#define FILE_MAX (sizeof(struct head) + MEMBER_SET_MOST * sizeof(struct member_new))

struct head {
    uint64_t magic, check; /* of all behind it */
    int64_t not_before;
    uint64_t due, count;
};

static uint64_t check_of(const char *file, size_t n)
{
    size_t at = offsetof(struct head, not_before);

    return XXH3_64bits(file + at, n - at);
}

void member_set_read(struct member_set *s)
{
    struct head head;
    struct buf b;
    struct err e = ERR_INIT;

    if (s->file[0] == '\0')
        return;
    buf_init(&b, FILE_MAX);
    if (safe_read_file(s->file, &b, &e) == OK && b.len >= sizeof head) {
        memcpy(&head, b.data, sizeof head);
        bool whole = head.magic == MAGIC && head.check == check_of(b.data, b.len) &&
                     head.count == (b.len - sizeof head) / sizeof(struct member_new);
        for (uint64_t i = 0; whole && i < head.count; i++) {
            struct member_new member;
            memcpy(&member, b.data + sizeof head + i * sizeof member, sizeof member);
            member_set_put(s, member, true);
        }
        for (size_t i = 0; i < s->room; i++)
            if (s->places[i].member.hash != 0)
                member_set_count(s, s->places[i].member);
        s->not_before = whole ? head.not_before : 0;
        s->due = whole && head.due != 0;
        s->noted = s->due;
        (void)utimensat(AT_FDCWD, s->file, NULL, AT_SYMLINK_NOFOLLOW); /* used: not to be pruned */
    }
    buf_free(&b);
}

static enum err_code encode(const struct member_set *s, bool due, struct buf *b)
{
    struct head head = {.magic = MAGIC, .not_before = s->not_before, .due = due};
    enum err_code rc = buf_add(b, &head, sizeof head);

    for (size_t i = 0; i < s->room && rc == OK; i++)
        if (s->places[i].member.hash != 0 && s->places[i].known) {
            rc = buf_add(b, &s->places[i].member, sizeof s->places[i].member);
            head.count++;
        }
    if (rc != OK)
        return rc;
    memcpy(b->data, &head, sizeof head);
    head.check = check_of(b->data, b->len);
    memcpy(b->data, &head, sizeof head);
    return OK;
}

/* A file of each process, since the other's is renamed too. */
static enum err_code replace(const char *file, const struct buf *b, struct err *e)
{
    char path[IO_PATH];
    int fd = -1;
    int n = snprintf(path, sizeof path, "%s.%ld", file, (long)getpid());

    if (n < 0 || (size_t)n >= sizeof path)
        return err_set(e, ERR_TOO_BIG, "the file's name is too long");
    enum err_code rc = safe_open(&fd, path, O_WRONLY | O_CREAT | O_TRUNC, e);
    if (rc != OK)
        return rc;
    rc = io_pwrite(fd, b->data, b->len, 0, path, e);
    (void)close(fd);
    if (rc == OK)
        rc = safe_rename(path, file, e);
    if (rc != OK)
        (void)safe_remove(path, NULL);
    return rc;
}

void member_set_write(struct member_set *s, bool due)
{
    struct buf b;
    struct err e = ERR_INIT;

    if (s->file[0] == '\0')
        return;
    buf_init(&b, FILE_MAX);
    enum err_code rc = encode(s, due, &b);
    if (rc != OK)
        (void)buf_err(&e, rc, &b, "the file of known members");
    else
        rc = replace(s->file, &b, &e);
    if (rc != OK)
        LOG(LOG_DEBUG, "members", "which members are known is not kept", F_ERR(&e));
    buf_free(&b);
}
