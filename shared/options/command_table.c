#include "shared/options/options.h"

/* One block for each command. Words in capitals stand for what a person puts there; what is in [ ] may be left out. */
/* clang-format off */
const struct command_def command_table[] = {
    {PROGRAM_SPOOL, "ls", "[TABLE...]",
     .help = "List the spool's tables: segments, pages, records, bytes, and the time up to which each is "
             "complete.",
     .example = "netty-spool ls"},

    {PROGRAM_SPOOL, "status", "[TABLE...]",
     .help = "Say whether all is well, the worst first, and what to do; then how far each table is fetched, how far each database "
             "has loaded it, and what waits. Ends with the code of the gravest finding, 0 when all is well.",
     .example = "netty-spool status --json"},

    {PROGRAM_SPOOL, "runs", "[TABLE...]",
     .help = "List what the runs of the last week did, the newest first: begin, duration, requests, records, exit code, and the "
             "whole text of the error. With --json every count.",
     .example = "netty-spool runs contacts"},

    {PROGRAM_SPOOL, "report", "--html FILE [TABLE...]",
     .help = "Write the status page to a file, with its data within: for set-ups that have no server.",
     .example = "netty-spool report --html netty.html"},

    {PROGRAM_SPOOL, "cat", "TABLE",
     .help = "Write a table's committed records to standard output, one JSON object a line, in the order "
             "in which they were fetched.",
     .example = "netty-spool cat contacts --id 4711"},

    {PROGRAM_SPOOL, "history", "TABLE ID",
     .help = "Show a record's versions, oldest first, and what changed from one to the next.",
     .example = "netty-spool history contacts 4711"},

    {PROGRAM_SPOOL, "digest", "[TABLE...]",
     .help = "Sum a table's records up, as load/sql/digest.sql does in the database, so that the two can "
             "be compared.",
     .example = "netty-spool digest contacts"},

    {PROGRAM_SPOOL, "dead", "[TABLE...] | --dismiss TABLE [KEY...]",
     .help = "List the dead letters, which are records that were set aside because they could not be used: key, time, since when, why, and what to do; and those that the API "
             "does not give, by their neighbours. With --dismiss: list these versions no more, also when they are read "
             "again.",
     .example = "netty-spool dead contacts --json"},

    {PROGRAM_SPOOL, "verify", "[TABLE...]",
     .help = "Read everything and name what is damaged: file, page, byte.",
     .example = "netty-spool verify"},

    {PROGRAM_SPOOL, "heal", "[TABLE...]",
     .help = "Have what is damaged fetched again by the next netty-extract.",
     .example = "netty-spool heal --dry-run"},

    {PROGRAM_SPOOL, "prune", "[TABLE...]",
     .help = "Ask the database what it has, and remove what is loaded and old.",
     .example = "netty-spool prune --spool-keep 2d"},

    {PROGRAM_SPOOL, "push", "REMOTE",
     .help = "Bring what the spool has got since the last push to REMOTE, a place as rclone names it (s3:bucket/prefix, "
             "sftp:path, a folder), as one new object. Needs rclone, whose configuration holds the credentials. Without "
             "news nothing is pushed but, once an hour, a sign of life. What was loaded where it is pulled comes back, "
             "and is pruned here (--spool-keep). Where there are accounts and none is named, all are pushed together, in one object.",
     .example = "netty-spool push s3:bucket/netty --every 10m"},

    {PROGRAM_SPOOL, "pull", "REMOTE",
     .help = "Make the spool that another machine has pushed to REMOTE, and carry it on: netty-load reads it like any "
             "other, netty-extract does not write to it. What is loaded is told to the machine that pushes. With --take-over "
             "this machine extracts and pushes from then on, in the place of that one. Accounts that are pushed together are pulled together, "
             "where the configuration file has accounts and none is named.",
     .example = "netty-spool pull s3:bucket/netty --spool /var/spool/pulled"},

    {PROGRAM_LOAD, "doctor", "[TABLE...]",
     .help = "Load nothing: connect, look at the database, and say what is well and what to change, each with the statement "
             "that changes it. A row that no record has is put into each table, and taken back. Ends with the code with "
             "which a run would.",
     .example = "netty-load doctor --create-tables contacts", .option = "check"},

    {PROGRAM_LOAD, "replay", "[TABLE...]",
     .help = "Load pages of the spool again, whether or not they were loaded before: all, or those that --from, --to "
             "and --segment name.",
     .example = "netty-load replay --from 2024-05-13 --to 2024-05-14 contacts", .option = "replay"},

    {PROGRAM_LOAD, "redrive", "[TABLE...]",
     .help = "Try to load the dead letters again, which are records that were set aside.",
     .example = "netty-load redrive contacts", .option = "redrive"},

    {PROGRAM_LOAD, "catalog", "",
     .help = "Load nothing: leave the catalog in the spool, which is made where it is missing. That is the list of the "
             "database's netty-* tables, from which a netty-extract that is told none knows what to fetch.",
     .example = "netty-load catalog", .option = "catalog"},

    {PROGRAM_SPOOL, "forget", "TABLE... | --database NAME [TABLE...]",
     .help = "Give tables up: their files go, their position and dead letters, too; the databases' "
             "rows stay. With --database: wait no longer for that database to load.",
     .example = "netty-spool forget contacts"},

    {PROGRAM_LOAD, "archive", "--older-than D [TABLE...]",
     .help = "Move rows that were not modified for D to the table netty-TABLE-archive, or with --to-file to a "
             "compressed file. The view netty-TABLE-all shows both tables; of a record that came back the "
             "live row.",
     .example = "netty-load archive --older-than 730d contacts"},

    {PROGRAM_LOAD, "check", "[TABLE...]",
     .help = "Look at what is in the tables, and write nothing: objects, times, keys, room, indexes, and how they "
             "compare with the spool. Ends with 65 when something is wrong. With --share N a part of each table, and what is "
             "wrong is kept for the verdict.",
     .example = "netty-load check contacts"},

    {PROGRAM_LOAD, "compress", "[TABLE...]",
     .help = "Have the server compress new values of data with lz4, where it has that; with --rewrite old ones, too.",
     .example = "netty-load compress contacts"},

    {PROGRAM_LOAD, "index", "[TABLE [MEMBER...]]",
     .help = "Make an index on time_modified and on members of data, while others read and write: a B-tree of "
             "data->>'MEMBER', or hash where values are long, or GIN where they are objects or arrays. Where netty-load views has made "
             "a column of that name the index is of the column.",
     .example = "netty-load index contacts email phone"},

    {PROGRAM_LOAD, "profile", "[TABLE...]",
     .help = "Say of each member of data, and of objects one level down (--depth), in how many records it is, of which JSON types "
             "and forms, the least and greatest number and time, about how many values are distinct, since when it has been seen, "
             "and which type fits. Reads each table once, in the server; --dry-run tells how much that is. No text is shown.",
     .example = "netty-load profile contacts --json"},

    {PROGRAM_LOAD, "purge", "--older-than D [TABLE...]",
     .help = "Remove rows that have been marked `deleted` for longer than D. They are first written to a "
             "compressed file in --archive-dir.",
     .example = "netty-load purge --older-than 90d"},

    {PROGRAM_LOAD, "restore", "[TABLE...]",
     .help = "Bring archived rows back, from netty-TABLE-archive or with --from-file from a file. Where the "
             "record is there again, the newer row's members count, and with --update merge those that only "
             "the older one has are kept.",
     .example = "netty-load restore contacts"},

    {PROGRAM_LOAD, "views", "[TABLE...]",
     .help = "Show, or with --apply make, a view a table for dashboards: the key, the times, and a column of a fitting type for each "
             "member of data. A value that does not fit its column is NULL there, and never an error. Nothing is granted: the "
             "statements that let a role read are shown.",
     .example = "netty-load views --apply contacts"},

    {0, .name = NULL},
};
