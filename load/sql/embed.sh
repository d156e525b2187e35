#!/bin/sh
# Turns .sql files into C: one constant a file, named sql_<file>, declared in load/database/sql.h. Lines that
# are nothing but a comment are for the reader of the file and stay behind.
# usage: embed.sh FILE.sql ... >sql_files.c
set -eu
printf '/* Made by load/sql/embed.sh from the files in load/sql: change those. */\n#include "load/database/sql.h"\n'
for file in "$@"; do
    name=$(basename "$file" .sql)
    printf '\nconst char sql_%s[] =\n' "$name"
    sed -e '/^ *--/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$file"
    printf '    ;\n'
done
