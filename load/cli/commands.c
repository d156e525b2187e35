#include "load/cli/commands.h"
#include "load/check/check_command.h"
#include "load/maintenance/maintenance.h"
#include "load/profile/profile_command.h"
#include "load/views/views_command.h"

static const struct command list[] = {
    {"archive", cmd_archive, {OPT_OLDER_THAN, OPT_ARCHIVE_DIR, OPT_TO_FILE}},
    {"check", cmd_check, {OPT_MERGE, OPT_SHARE, OPT_ARCHIVE_DIR}},
    {"compress", cmd_compress, {OPT_REWRITE}},
    {"index", cmd_index, {OPT_SUGGEST}},
    {"profile", cmd_profile, {OPT_DEPTH, OPT_MISFITS}},
    {"purge", cmd_purge, {OPT_OLDER_THAN, OPT_ARCHIVE_DIR}},
    {"restore", cmd_restore, {OPT_FROM_FILE}},
    {"views", cmd_views, {OPT_APPLY, OPT_DEPTH, OPT_WITH_DELETED, OPT_REBUILD}},
};

const struct commands load_commands = {list, sizeof list / sizeof *list};
