#include "load/target/table_list.h"

enum err_code table_list_element(struct buf *b, const char *text)
{
    enum err_code rc = buf_addc(b, '"');

    for (; rc == OK && text != NULL && *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            rc = buf_addc(b, '\\');
        if (rc == OK)
            rc = buf_addc(b, *text);
    }
    return rc == OK ? buf_addc(b, '"') : rc;
}
