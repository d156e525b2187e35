#!/bin/sh
# Turns the status page into C: one constant, declared in spool/status/status_page.h.
# usage: embed.sh status.html >site_files.c
set -eu
printf '/* Made by spool/status/page/embed.sh from %s: change that. */\n#include "spool/status/status_page.h"\n' "$1"
printf '\nconst char site_status_html[] =\n'
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/??/?\\?/g' -e 's/^/    "/' -e 's/$/\\n"/' "$1"
printf '    ;\n'
