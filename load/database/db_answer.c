#include "load/database/db_answer.h"

#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

int64_t db_answer_number(const PGresult *r, int row, int column)
{
    if (row >= PQntuples(r) || column >= PQnfields(r))
        return 0;
    return strtoll(PQgetvalue(r, row, column), NULL, 10);
}

int64_t db_answer_time(const PGresult *r, int row, int column)
{
    return PQgetisnull(r, row, column) ? WHEN_NONE : db_answer_number(r, row, column);
}

bool db_answer_true(const PGresult *r, int column)
{
    return strcmp(PQgetvalue(r, 0, column), "t") == 0;
}
