/*
 * The way of the replaced system: one prepared upsert a record, each its own transaction.
 *
 * usage: rowwise CONNINFO TABLE KEY FILE ROWS
 *
 * FILE is COPY text (key, data, time_created, time_modified); its first ROWS lines are sent. Prints what it took.
 */
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS 4

static const char SQL[] =
    "INSERT INTO \"%s\" AS t (%s, data, time_created, time_modified) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (%s) DO UPDATE SET data = t.data || excluded.data, "
    "time_created = coalesce(t.time_created, excluded.time_created), "
    "time_modified = coalesce(excluded.time_modified, t.time_modified)";

static long long now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* A field of COPY text in place: of its escapes only the backslash's own occurs here, and \N. */
static char *unescape(char *s)
{
    char *to = s;
    if (strcmp(s, "\\N") == 0)
        return NULL;
    for (const char *from = s; *from != 0; from++) {
        if (*from == '\\' && from[1] == '\\')
            from++;
        *to++ = *from;
    }
    *to = 0;
    return s;
}

static bool send_line(PGconn *db, char *line)
{
    const char *values[COLUMNS];
    char *at = line;
    line[strcspn(line, "\n")] = 0;
    for (int i = 0; i < COLUMNS; i++) {
        char *field = strsep(&at, "\t");
        if (field == NULL)
            return false;
        values[i] = unescape(field);
    }
    PGresult *r = PQexecPrepared(db, "upsert", COLUMNS, values, NULL, NULL, 0);
    bool good = PQresultStatus(r) == PGRES_COMMAND_OK;
    if (!good)
        fprintf(stderr, "rowwise: %s", PQerrorMessage(db));
    PQclear(r);
    return good;
}

static bool prepare(PGconn *db, const char *table, const char *key)
{
    char sql[1024];
    if (PQstatus(db) != CONNECTION_OK) {
        fprintf(stderr, "rowwise: %s", PQerrorMessage(db));
        return false;
    }
    (void)snprintf(sql, sizeof sql, SQL, table, key, key);
    PGresult *r = PQprepare(db, "upsert", sql, COLUMNS, NULL);
    bool good = PQresultStatus(r) == PGRES_COMMAND_OK;
    if (!good)
        fprintf(stderr, "rowwise: %s", PQerrorMessage(db));
    PQclear(r);
    return good;
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t room = 0;
    if (argc != 6) {
        fprintf(stderr, "usage: rowwise CONNINFO TABLE KEY FILE ROWS\n");
        return 64;
    }
    PGconn *db = PQconnectdb(argv[1]);
    FILE *in = fopen(argv[4], "re");
    long rows = strtol(argv[5], NULL, 10);
    long sent = 0;
    bool good = in != NULL && prepare(db, argv[2], argv[3]);
    long long began = now_us();
    while (good && sent < rows && getline(&line, &room, in) > 0) {
        good = send_line(db, line);
        sent++;
    }
    if (good)
        printf("{\"rows\":%ld,\"wall_us\":%lld}\n", sent, now_us() - began);
    free(line);
    if (in != NULL)
        (void)fclose(in);
    PQfinish(db);
    return good ? 0 : 1;
}
