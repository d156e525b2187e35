#include "load/cli/commands.h"
#include "load/check/check_command.h"
#include "load/maintenance/maintenance.h"
#include "load/profile/profile_command.h"
#include "load/views/views_command.h"

static const struct command list[] = {
    {.name = "archive",
     .run = cmd_archive,
     .own = {OPT_OLDER_THAN, OPT_ARCHIVE_DIR, OPT_TO_FILE},
     .one = OPT_TO_FILE},
    {.name = "check", .run = cmd_check, .own = {OPT_MERGE, OPT_SHARE, OPT_ARCHIVE_DIR}},
    {.name = "compress", .run = cmd_compress, .own = {OPT_REWRITE}},
    {.name = "index", .run = cmd_index, .own = {OPT_SUGGEST}},
    {.name = "profile", .run = cmd_profile, .own = {OPT_DEPTH, OPT_MISFITS}},
    {.name = "purge", .run = cmd_purge, .own = {OPT_OLDER_THAN, OPT_ARCHIVE_DIR}},
    {.name = "restore", .run = cmd_restore, .own = {OPT_FROM_FILE}, .alone = true},
    {.name = "views",
     .run = cmd_views,
     .own = {OPT_APPLY, OPT_DEPTH, OPT_WITH_DELETED, OPT_REBUILD}},
};

const struct commands load_commands = {list, sizeof list / sizeof *list};
