#!/bin/sh
# Turns the status pages into C: a constant each, declared in spool/status/status_page.h.
# usage: embed.sh status.html ... >site_files.c
set -eu
printf '/* Made by spool/status/page/embed.sh: change the pages. */\n#include "spool/status/status_page.h"\n'
for page in "$@"; do
    printf '\nconst char site_%s_html[] =\n' "$(basename "$page" .html)"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/??/?\\?/g' -e 's/^/    "/' -e 's/$/\\n"/' "$page"
    printf '    ;\n'
done
