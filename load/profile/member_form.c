/* Why the tests are as they are: PostgreSQL's LIKE and = ANY are cheap, a regular expression costs by its number of states (a whole
 * calendar in one costs four times as much), counted repeats like {4} are the dearest, and each look into data costs again. What is
 * rare, as the 29th to the 31st of a month, is left to a test behind an OR. */
#include "load/profile/member_form.h"
#include <string.h>

#define EQ      " OPERATOR(pg_catalog.=) "
#define AT_MOST " OPERATOR(pg_catalog.<=) "
#define LIKE    " OPERATOR(pg_catalog.~~) "
#define MATCHES " OPERATOR(pg_catalog.~) "

/* clang-format off */
#define DATE_TEST \
    "pg_catalog.substr(%s, 6, 2)" EQ "ANY ('{01,02,03,04,05,06,07,08,09,10,11,12}'::pg_catalog.text[])" \
    " AND (pg_catalog.substr(%s, 9, 2)" EQ "ANY ('{01,02,03,04,05,06,07,08,09,10,11,12,13,14," \
        "15,16,17,18,19,20,21,22,23,24,25,26,27,28}'::pg_catalog.text[])" \
        " OR %s" MATCHES "'^.....((0[13578]|1[02])-(29|3[01])|(0[469]|11)-(29|30))" \
            "|^(..(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29')" \
    " AND pg_catalog.substr(%s, 1, 4)" MATCHES "'^[0-9]*[1-9][0-9]*$'"
#define CLOCK_TEST "[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?"

/* How often a test names its text is what the number of %s says. */
static const char *const tests[FORMS] = {
    [FORM_INTEGER] = "(pg_catalog.length(%s)" AT_MOST "9 AND %s" MATCHES "'^-?(0|[1-9][0-9]*)$')",
    [FORM_BIGINT] = "(pg_catalog.length(%s)" AT_MOST "18 AND %s" MATCHES "'^-?(0|[1-9][0-9]*)$')",
    [FORM_DECIMAL] = "(pg_catalog.length(%s)" AT_MOST "60 AND %s" MATCHES "'^-?(0|[1-9][0-9]*)([.][0-9]+)?$')",
    [FORM_DATE] = "(%s" LIKE "'____-__-__' AND " DATE_TEST ")",
    [FORM_TIME] = "(pg_catalog.length(%s)" AT_MOST "20 AND %s" MATCHES
        "'^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$')",
    [FORM_TIMESTAMP] = "(pg_catalog.length(%s)" AT_MOST "30 AND %s" LIKE "'____-__-___%%'"
        " AND pg_catalog.substr(%s, 11)" MATCHES "'^" CLOCK_TEST "$' AND " DATE_TEST ")",
    [FORM_ZONED] = "(pg_catalog.length(%s)" AT_MOST "36 AND %s" LIKE "'____-__-___%%'"
        " AND pg_catalog.substr(%s, 11)" MATCHES "'^" CLOCK_TEST "(Z|[-+](0[0-9]|1[0-4]):?[0-5][0-9])$' AND " DATE_TEST ")",
    [FORM_UUID] = "(%s" LIKE "'________-____-____-____-____________'"
        " AND pg_catalog.length(pg_catalog.replace(%s, '-', ''))" EQ "32 AND %s" MATCHES "'^[0-9a-fA-F-]*$')",
};
/* clang-format on */

bool member_path_same(const char *const a[], const char *const b[])
{
    for (unsigned i = 0; i < MEMBER_LEVELS && (a[i] != NULL || b[i] != NULL); i++)
        if (a[i] == NULL || b[i] == NULL || strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

const char *member_form_name(enum member_form form)
{
    static const char *const names[FORMS] = {
        "null", "empty", "boolean",   "truth", "flag", "integer", "bigint", "decimal", "code",
        "date", "time",  "timestamp", "zoned", "uuid", "mail",    "text",   "object",  "array"};

    return names[form];
}

enum err_code member_form_test(struct buf *sql, enum member_form form, const char *text)
{
    enum err_code rc = OK;

    for (const char *p = tests[form]; *p != '\0' && rc == OK;) {
        size_t plain = strcspn(p, "%");
        if ((rc = buf_add(sql, p, plain)) != OK || p[plain] == '\0')
            return rc;
        rc = p[plain + 1] == 's' ? buf_adds(sql, text) : buf_addc(sql, '%');
        p += plain + 2;
    }
    return rc;
}
