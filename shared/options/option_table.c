#include "shared/options/options.h"

#ifndef NETTY_DEFAULT_SPOOL
#define NETTY_DEFAULT_SPOOL "var/spool"
#endif

#define EXTRACT PROGRAM_EXTRACT
#define LOAD    PROGRAM_LOAD
#define ALL     (PROGRAM_EXTRACT | PROGRAM_LOAD | PROGRAM_SPOOL)

#define MS     INT64_C(1000)
#define SECOND (1000 * MS)
#define DAY    (86400 * SECOND)
#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)

/* One block for each option, with its parts in the same places. */
/* clang-format off */
const struct option_def option_table[OPTIONS] = {
    {OPT_BASE_URL, OPTION_TEXT, "base-url", "NETTY_BASE_URL", "URL",
     .standard = "https://webapi.netty.fr/apiv1", .programs = EXTRACT,
     .help = "Where the API is; a table's name is added to it as the last part of the path.",
     .example = "--base-url http://127.0.0.1:8080/apiv1"},

    {OPT_SPOOL, OPTION_TEXT, "spool", "NETTY_SPOOL", "DIR",
     .standard = NETTY_DEFAULT_SPOOL, .programs = ALL,
     .help = "The folder that holds the spool.",
     .example = "--spool /var/spool/netty"},

    {OPT_DB, OPTION_TEXT, "db", "DATABASE_URL", "CONNINFO",
     .programs = LOAD | PROGRAM_SPOOL, .marks = OPTION_SECRET,
     .help = "The database, as a postgresql:// URL or as keyword=value pairs; what it leaves open, PostgreSQL's own PG* variables tell. "
             "A password is refused here: give it in DATABASE_URL, PGPASSWORD, a passfile, or the file that DATABASE_URL_FILE names.",
     .example = "--db \"host=db.example.org dbname=crm user=netty sslmode=verify-full\""},

    {OPT_DB_FILE, OPTION_TEXT, "db-file", "DATABASE_URL_FILE", "FILE",
     .programs = LOAD | PROGRAM_SPOOL, .marks = OPTION_NO_SWITCH,
     .help = "A file whose first line is the database's address, password and all, where DATABASE_URL does not "
             "hold it: for credentials that a service manager or a container hands over as files.",
     .example = "db-file = /etc/netty/database-url"},

    {OPT_SCHEMA, OPTION_TEXT, "schema", "NETTY_SCHEMA", "NAME",
     .programs = LOAD,
     .help = "The database's schema that the netty-* tables are in, and in which --create-tables makes them. Without it each "
             "table is the first of its name on search_path, and one that has to be made goes into the first schema there that exists.",
     .example = "--schema crm"},

    {OPT_ACCOUNT, OPTION_TEXT, "account", "NETTY_ACCOUNT", "NAME",
     .programs = ALL,
     .help = "One of the accounts that the configuration file has as [account NAME]. Its section goes before the environment, and "
             "its spool is the folder NAME within that of --spool. Without it one program serves, or shows, all accounts.",
     .example = "--account lyon"},

    {OPT_CONFIG, OPTION_TEXT, "config", "NETTY_CONFIG", "FILE",
     .programs = ALL,
     .help = "The configuration file. Without it, netty.conf in the working folder or else "
             "/etc/netty/netty.conf is read, where one exists.",
     .example = "--config /etc/netty/staging.conf"},

    {OPT_TABLES, OPTION_TEXT, "tables", "NETTY_TABLES", "LIST",
     .programs = ALL, .marks = OPTION_NO_SWITCH,
     .help = "The tables to work on where the command line names none, separated by commas or blanks. Others that the spool holds "
             "stay, and are not called late.",
     .example = "tables = contacts, companies, properties"},

    {OPT_API_KEY_FILE, OPTION_TEXT, "api-key-file", "NETTY_API_KEY_FILE", "FILE",
     .programs = EXTRACT, .marks = OPTION_NO_SWITCH,
     .help = "A file whose first line is the API key, where NETTY_API_KEY does not hold the key itself.",
     .example = "api-key-file = /etc/netty/api-key"},

    {OPT_LIMIT, OPTION_COUNT, "page-size", "NETTY_LIMIT", "N",
     .standard = "100", .programs = EXTRACT, .min = 10, .max = 100, .also = "limit",
     .help = "Records asked for in one page, 10 to 100; --limit is the same. Where pages fail it halves itself, down to 1, and grows back.",
     .example = "--page-size 50"},

    {OPT_OVERLAP, OPTION_DURATION, "overlap", "NETTY_OVERLAP", "D",
     .standard = "2h", .programs = EXTRACT, .max = 365 * DAY,
     .help = "How long before the point up to which the last run was complete a run starts.",
     .example = "--overlap 6h"},

    {OPT_TIMEZONE, OPTION_TEXT, "timezone", "NETTY_TIMEZONE", "ZONE",
     .standard = "UTC", .programs = ALL,
     .help = "The zone of the API's times that name none: UTC, an offset such as +02:00, or a name of the tz "
             "database. Times on the command line are in the zone in which times are shown (TZ).",
     .example = "--timezone Europe/Paris"},

    {OPT_TIMEOUT, OPTION_DURATION, "timeout", "NETTY_TIMEOUT", "D",
     .standard = "20s", .programs = EXTRACT, .min = 100 * MS, .max = 3600 * SECOND,
     .help = "How long one request may take.",
     .example = "--timeout 45s"},

    {OPT_RETRIES, OPTION_COUNT, "retries", "NETTY_RETRIES", "N",
     .standard = "5", .programs = EXTRACT | LOAD, .max = 1000,
     .help = "How often a request, a connection or a transaction that failed is tried again before the run gives up.",
     .example = "--retries 8"},

    {OPT_RETRY_DELAY, OPTION_DURATION, "retry-delay", "NETTY_RETRY_DELAY", "D",
     .standard = "5s", .programs = EXTRACT | LOAD, .min = MS, .max = 3600 * SECOND,
     .help = "The pause before the first retry. It doubles from one to the next, with jitter; a Retry-After of the server's is obeyed.",
     .example = "--retry-delay 2s"},

    {OPT_REFUSED_AFTER, OPTION_DURATION, "refused-after", "NETTY_REFUSED_AFTER", "D",
     .standard = "1h", .programs = EXTRACT, .min = SECOND, .max = 365 * 24 * 3600 * SECOND,
     .help = "How long the refusal of a key that has worked counts as throttling. After that the key counts as "
             "revoked, and the program ends with 77.",
     .example = "--refused-after 30m"},

    {OPT_RATE, OPTION_COUNT, "rate", "NETTY_RATE", "N",
     .standard = "3", .programs = EXTRACT, .max = 10000,
     .help = "Requests a second over all tables; 0 is no limit.",
     .example = "--rate 2"},

    {OPT_JOBS, OPTION_COUNT, "jobs", "NETTY_JOBS", "N",
     .standard = "4", .programs = EXTRACT | LOAD, .min = 1, .max = 64,
     .help = "Tables fetched, or loaded, at the same time, over all accounts.",
     .example = "--jobs 2"},

    {OPT_AHEAD, OPTION_COUNT, "ahead", "NETTY_AHEAD", "N",
     .standard = "16", .programs = EXTRACT, .min = 1, .max = 64,
     .help = "First syncs and backfills ask for the next pages of a table while one is on its way: at most N requests of it are open at "
             "once. It starts at one, grows by one with each page that was rightly guessed, is one again after a refusal or a failure, "
             "and stays one where a page takes less than 10 ms. The --rate holds for all of them. 1: one page after the other.",
     .example = "--ahead 1"},

    {OPT_MAX_PAGES, OPTION_COUNT, "max-pages", "NETTY_MAX_PAGES", "N",
     .standard = "0", .programs = EXTRACT,
     .help = "Pages fetched per table and run; 0 is no limit. What is left is fetched by the next run.",
     .example = "--max-pages 200"},

    {OPT_BUDGET, OPTION_COUNT, "budget", "NETTY_BUDGET", "N",
     .standard = "0", .programs = EXTRACT,
     .help = "Requests of one run, over all tables and retries included; 0 is no limit. What is left is "
             "done by the next run: `--reconcile --budget 1000` each night spreads it over as many as it takes.",
     .example = "--reconcile --budget 1000"},

    {OPT_SINCE, OPTION_TIME, "since", NULL, "TIME|all",
     .programs = EXTRACT, .choices = "all",
     .help = "A backfill of what changed since then, or of everything: beside the regular sync, with a position of its "
             "own, gone on with by later runs that are told the same until it is through.",
     .example = "--since 2024-05-13"},

    {OPT_FULL, OPTION_FLAG, "full", NULL, NULL,
     .programs = EXTRACT,
     .help = "A backfill of everything, the same as --since all. It begins one, or goes on with the one under way, "
             "however often it is interrupted; the regular sync goes on beside it. With --every it is done once."},

    {OPT_RESTART, OPTION_FLAG, "restart", NULL, NULL,
     .programs = EXTRACT,
     .help = "Begin the backfill anew, or the crawl of --reconcile."},

    {OPT_CANCEL, OPTION_FLAG, "cancel", NULL, NULL,
     .programs = EXTRACT,
     .help = "Give the backfill up that is under way. What it has fetched stays."},

    {OPT_REBIND, OPTION_FLAG, "rebind", NULL, NULL,
     .programs = EXTRACT,
     .help = "The spool's API has moved to this --base-url, or this is another key of the same account: go on. Without this a spool of "
             "another address, or a key that shows none of the spool's records, is refused."},

    {OPT_RECONCILE, OPTION_FLAG, "reconcile", NULL, NULL,
     .programs = EXTRACT,
     .help = "Fetch nothing: find out which records the API no longer has, for netty-load to mark them as deleted. It takes runs of "
             "netty-extract and netty-load in between; each run goes on where the last one stopped, and with --restart it begins anew."},

    {OPT_RECONCILE_EVERY, OPTION_DURATION, "reconcile-every", "NETTY_RECONCILE_EVERY", "D",
     .programs = EXTRACT, .min = SECOND, .max = 365 * DAY,
     .help = "Find records that the API no longer has by itself: every D a crawl of all keys, a part of it after each "
             "run, then the second look at what is missing; netty-load takes its own steps in its runs. Each run "
             "says which step it is at, and what the next one waits for.",
     .example = "netty-extract --every 10m --reconcile-every 1d"},

    {OPT_EVERY, OPTION_DURATION, "every", "NETTY_EVERY", "D",
     .programs = ALL, .min = SECOND, .max = 365 * DAY,
     .help = "Stay, and run at once and then every D. Where NETTY_EVERY is set for several programs, all of them "
             "stay; netty-load --follow ignores it but for --pull, and so do doctor and catalog (the list of the database's tables), and "
             "of netty-spool all but push and pull.",
     .example = "--every 10m"},

    {OPT_FOLLOW, OPTION_FLAG, "follow", NULL, NULL,
     .programs = LOAD,
     .help = "Stay, and load pages as they arrive in the spool."},

    {OPT_PULL, OPTION_TEXT, "pull", "NETTY_PULL", "REMOTE",
     .programs = LOAD,
     .help = "Pull the spool from REMOTE first, as netty-spool pull does, and tell there afterwards what is loaded; with --follow "
             "every D of --every (1m). What is there is loaded also where the pull fails; its exit code comes at the end. Without "
             "--account all accounts are pulled that are pushed together.",
     .example = "--pull s3:bucket/netty"},

    {OPT_CONNECTIONS, OPTION_COUNT, "connections", "NETTY_CONNECTIONS", "N",
     .standard = "2", .programs = LOAD, .min = 1, .max = 4,
     .help = "How many connections may load one table at a time. They are some of those that --jobs allows, which have "
             "no table of their own just then. Two keep the two cores of a small instance busy.",
     .example = "--connections 1"},

    {OPT_BATCH_ROWS, OPTION_COUNT, "batch-rows", "NETTY_BATCH_ROWS", "N",
     .standard = "7000", .programs = LOAD, .min = 1, .max = 1000000,
     .help = "Records in one transaction, at most.",
     .example = "--batch-rows 2000"},

    {OPT_BATCH_BYTES, OPTION_SIZE, "batch-bytes", "NETTY_BATCH_BYTES", "SIZE",
     .standard = "2400K", .programs = LOAD, .min = KIB, .max = GIB,
     .help = "Bytes of records in one transaction, at most; a record larger than that makes one alone. There is memory for "
             "two transactions of that size, and tables that are loaded side by side share it.",
     .example = "--batch-bytes 1M"},

    {OPT_CREATE_TABLES, OPTION_FLAG, "create-tables", "NETTY_CREATE_TABLES", NULL,
     .programs = LOAD,
     .help = "Create netty-* tables that are missing in the database."},

    {OPT_ADOPT, OPTION_FLAG, "adopt", NULL, NULL, .programs = LOAD,
     .help = "Load into tables that another spool fed, though this spool's records are not theirs. Without it that is refused, for two "
             "accounts would be mixed."},

    {OPT_UPDATE, OPTION_CHOICE, "update", "NETTY_UPDATE", "HOW",
     .standard = "merge", .programs = LOAD, .choices = "merge|replace",
     .help = "What a newer version of a record does to the stored one: `merge` keeps members that the new "
             "one lacks, `replace` does not.",
     .example = "--update replace"},

    {OPT_ON_NUL, OPTION_CHOICE, "on-nul", "NETTY_ON_NUL", "HOW",
     .standard = "reject", .programs = LOAD, .choices = "reject|replace",
     .help = "What happens to a record with \\u0000, which the database cannot hold: `reject` sets it "
             "aside, `replace` puts U+FFFD there.",
     .example = "--on-nul replace"},

    {OPT_MAX_DELETES, OPTION_COUNT, "max-deletes", "NETTY_MAX_DELETES", "PERCENT",
     .standard = "5", .programs = LOAD, .marks = OPTION_PERCENT, .max = 100,
     .help = "How many percent of a table's records, rounded up, one reconcile may mark as deleted. Where more are "
             "gone, none of that table is marked, and the exit code is 65 until a run is told a greater number.",
     .example = "--max-deletes 20% contacts"},

    {OPT_REPLAY, OPTION_FLAG, "replay", NULL, NULL,
     .programs = LOAD,
     .help = "The same as the command replay."},

    {OPT_FROM, OPTION_TIME, "from", NULL, "TIME",
     .programs = LOAD | PROGRAM_SPOOL,
     .help = "Of netty-load replay and of netty-spool: only pages fetched at this time or later.",
     .example = "netty-load replay --from 2024-05-13T08:00:00Z"},

    {OPT_TO, OPTION_TIME, "to", NULL, "TIME",
     .programs = LOAD | PROGRAM_SPOOL,
     .help = "Of netty-load replay and of netty-spool: only pages fetched before this time.",
     .example = "netty-load replay --from 2024-05-13 --to 2024-05-14"},

    {OPT_SEGMENT, OPTION_COUNT, "segment", NULL, "N",
     .programs = LOAD | PROGRAM_SPOOL, .min = 1,
     .help = "Of netty-load replay and of netty-spool: only pages of this segment. netty-load ends with 66 where there is none.",
     .example = "netty-load replay --segment 1 contacts"},

    {OPT_REDRIVE, OPTION_FLAG, "redrive", NULL, NULL,
     .programs = LOAD,
     .help = "The same as the command redrive."},

    {OPT_CATALOG, OPTION_FLAG, "catalog", NULL, NULL,
     .programs = LOAD,
     .help = "The same as the command catalog."},

    {OPT_CHECK, OPTION_FLAG, "check", NULL, NULL,
     .programs = LOAD,
     .help = "The same as the command doctor."},

    {OPT_DRY_RUN, OPTION_FLAG, "dry-run", NULL, NULL,
     .programs = ALL, .letter = 'n',
     .help = "Show what would be done and write nothing, anywhere."},

    {OPT_LOADED, OPTION_FLAG, "loaded", NULL, NULL,
     .programs = LOAD,
     .help = "Load nothing: ask the database what it has of the spool, leave that in the spool and show it."},

    {OPT_OLDER_THAN, OPTION_DURATION, "older-than", NULL, "D",
     .programs = LOAD, .marks = OPTION_UNIT, .max = 36500 * DAY,
     .help = "Of netty-load purge and archive: only rows that were deleted, or last modified, more than D ago.",
     .example = "purge --older-than 90d contacts"},

    {OPT_ARCHIVE_DIR, OPTION_TEXT, "archive-dir", "NETTY_ARCHIVE_DIR", "DIR",
     .programs = LOAD,
     .help = "The folder of the files that netty-load writes rows to before it removes them; without it, "
             "the spool's name with -archive added.",
     .example = "--archive-dir /var/lib/netty/archive"},

    {OPT_TO_FILE, OPTION_FLAG, "to-file", NULL, NULL,
     .programs = LOAD,
     .help = "Of netty-load archive: move the rows to a compressed file in --archive-dir, and out of the database."},

    {OPT_FROM_FILE, OPTION_TEXT, "from-file", NULL, "FILE",
     .programs = LOAD,
     .help = "Of netty-load restore: bring back the rows of this file, which purge or archive wrote.",
     .example = "restore --from-file spool-archive/contacts-20260105T101112.123456Z.ndjson.zst contacts"},

    {OPT_MERGE, OPTION_FLAG, "merge", NULL, NULL,
     .programs = LOAD,
     .help = "Of netty-load check: list the members that rows have and that the newest version of their record in the spool has not."},

    {OPT_SHARE, OPTION_COUNT, "share", NULL, "N",
     .programs = LOAD, .min = 1, .max = 100000,
     .help = "Of netty-load check: look at one part in N of each table's rows, from where the last look of that kind ended, "
             "and at the first again after the last. What is found to be wrong stays in the verdict until a later look no longer "
             "finds it. netty-load-check.timer does so each night.",
     .example = "check --share 28"},

    {OPT_SUGGEST, OPTION_FLAG, "suggest", NULL, NULL,
     .programs = LOAD,
     .help = "Of netty-load index: make none, and show from pg_stat_statements which statements on a table took the "
             "most time that an index might save."},

    {OPT_REWRITE, OPTION_FLAG, "rewrite", NULL, NULL,
     .programs = LOAD,
     .help = "Of netty-load compress: write the rows anew that are compressed the old way, too. Each leaves a dead row for vacuum, so "
             "that the table may grow to twice its size meanwhile, and all goes through the write-ahead log; triggers fire."},

    {OPT_DEPTH, OPTION_COUNT, "depth", "NETTY_DEPTH", "N",
     .standard = "1",
     .programs = LOAD, .min = 0, .max = 2,
     .help = "Of netty-load profile, views and --views: how many levels of objects within data are looked into. A view that was made with "
             "another depth keeps that, where none is given.",
     .example = "profile --depth 2 contacts"},

    {OPT_MISFITS, OPTION_FLAG, "misfits", NULL, NULL,
     .programs = LOAD,
     .help = "Of netty-load profile: list the keys of the records with a value that does not fit its member's type, up to 10,000 "
             "a table."},

    {OPT_APPLY, OPTION_FLAG, "apply", NULL, NULL,
     .programs = LOAD,
     .help = "Of netty-load views: make the views, instead of showing the statements."},

    {OPT_VIEWS, OPTION_FLAG, "views", "NETTY_VIEWS", NULL,
     .programs = LOAD,
     .help = "After a load that brought a member of data that no record had before, apply the views of netty-load views, and say which. "
             "A table without a view gets one with the next record that is not known yet; `netty-load views --apply` makes all at once. "
             "What goes wrong with a view is a warning: the load's result and exit code stay, and a later load tries again."},

    {OPT_VIEWS_SCHEMA, OPTION_TEXT, "views-schema", "NETTY_VIEWS_SCHEMA", "NAME",
     .programs = LOAD,
     .help = "The schema of the views that netty-load views makes. Without it that is `netty` for tables of the schema public, and "
             "`netty_NAME` for those of a schema NAME, or of an account NAME.",
     .example = "--views-schema bi"},

    {OPT_WITH_DELETED, OPTION_FLAG, "with-deleted", NULL, NULL,
     .programs = LOAD,
     .help = "Of netty-load views: keep rows that are marked `deleted`, and show that as a column."},

    {OPT_REBUILD, OPTION_FLAG, "rebuild", NULL, NULL,
     .programs = LOAD,
     .help = "Of netty-load views: drop a view and make it anew, with the columns and types that fit now. Grants stay. Where "
             "another view depends on it nothing is done, and that view is named."},

    {OPT_TAKE_OVER, OPTION_FLAG, "take-over", NULL, NULL,
     .programs = PROGRAM_SPOOL,
     .help = "With pull: go on extracting on this machine, where the other one's last push was. Pulls to the end, pushes once, so that the "
             "other machine is refused at its next push, and lets netty-extract write. Accounts that are pushed together are taken over together."},

    {OPT_FORGET, OPTION_TEXT, "forget", NULL, "DATABASE",
     .programs = PROGRAM_SPOOL,
     .help = "Of netty-spool prune: do not wait any longer for this database, by the name or "
             "identity that `netty-spool status` shows, to load the spool.",
     .example = "prune --forget staging"},

    {OPT_DATABASE, OPTION_TEXT, "database", NULL, "NAME",
     .programs = PROGRAM_SPOOL,
     .help = "Of netty-spool forget: do not wait any longer for this database, by the name or identity that "
             "`netty-spool status` shows, to load the spool. `prune --forget` does the same.",
     .example = "forget --database staging"},

    {OPT_FORGET_AFTER, OPTION_DURATION, "forget-after", "NETTY_FORGET_AFTER", "D",
     .standard = "30d", .programs = LOAD | PROGRAM_SPOOL, .marks = OPTION_UNIT, .max = 36500 * DAY,
     .help = "How long the spool waits for a database that nobody has loaded into. After that, what it has not loaded may "
             "be pruned. Where there is only one database, it is waited for always. There is a warning after half of "
             "that time, and another when it is over.",
     .example = "--forget-after 90d"},

    {OPT_ENLIST, OPTION_FLAG, "enlist", NULL, NULL,
     .programs = LOAD,
     .help = "With replay: have the spool wait for this database from now on, as it does for each that is loaded regularly."},

    {OPT_ID, OPTION_TEXT, "id", NULL, "KEY",
     .programs = PROGRAM_SPOOL,
     .help = "Of netty-spool cat: only the versions of the record with this key.",
     .example = "cat contacts --id 4711"},

    {OPT_DISMISS, OPTION_FLAG, "dismiss", NULL, NULL,
     .programs = PROGRAM_SPOOL,
     .help = "Of netty-spool dead: list these dead letters no more, of TABLE all of them or those with a KEY. The same version "
             "stays dismissed when it is read again; a newer one is judged anew. --dry-run shows which they would be."},

    {OPT_REASON, OPTION_TEXT, "reason", NULL, "REASON",
     .programs = PROGRAM_SPOOL,
     .help = "Of netty-spool dead: only dead letters with this reason, as the list names it, or with this "
             "SQLSTATE; not-given: only those that the API does not give.",
     .example = "dead --dismiss contacts --reason nul"},

    {OPT_JSON, OPTION_FLAG, "json", NULL, NULL,
     .programs = ALL,
     .help = "Write results to standard output as JSON, one object a line."},

    {OPT_LOG_FORMAT, OPTION_CHOICE, "log-format", "NETTY_LOG_FORMAT", "FORMAT",
     .standard = "text", .programs = ALL, .choices = "text|json",
     .help = "The form of the log on standard error. A terminal gets messages instead, where nothing is said.",
     .example = "--log-format json"},

    {OPT_LOG_LEVEL, OPTION_CHOICE, "log-level", "NETTY_LOG_LEVEL", "LEVEL",
     .standard = "info", .programs = ALL, .choices = "debug|info|warn|error",
     .letter = 'v', .letter_means = "debug",
     .help = "The least grave events to log.",
     .example = "--log-level debug"},

    {OPT_QUIET, OPTION_FLAG, "quiet", "NETTY_QUIET", NULL,
     .programs = ALL, .letter = 'q',
     .help = "Log warnings and errors only."},

    {OPT_MAX_PAGE_BYTES, OPTION_SIZE, "max-page-bytes", "NETTY_MAX_PAGE_BYTES", "SIZE",
     .standard = "256M", .programs = EXTRACT, .min = KIB, .max = 64 * GIB,
     .help = "A page larger than this, once decompressed, is refused.",
     .example = "--max-page-bytes 64M"},

    {OPT_MAX_RECORD_BYTES, OPTION_SIZE, "max-record-bytes", "NETTY_MAX_RECORD_BYTES", "SIZE",
     .standard = "16M", .programs = EXTRACT | LOAD, .min = KIB, .max = GIB,
     .help = "A record larger than this is refused.",
     .example = "--max-record-bytes 4M"},

    {OPT_SEGMENT_SIZE, OPTION_SIZE, "segment-size", "NETTY_SEGMENT_SIZE", "SIZE",
     .standard = "64M", .programs = EXTRACT, .min = KIB, .max = 64 * GIB,
     .help = "A spool file is sealed and the next begun when it has this size.",
     .example = "--segment-size 16M"},

    {OPT_SEGMENT_AGE, OPTION_DURATION, "segment-age", "NETTY_SEGMENT_AGE", "D",
     .standard = "1d", .programs = EXTRACT, .min = SECOND, .max = 3650 * DAY,
     .help = "A spool file is sealed and the next begun when it has this age.",
     .example = "--segment-age 6h"},

    {OPT_SPOOL_KEEP, OPTION_DURATION, "spool-keep", "NETTY_SPOOL_KEEP", "D",
     .standard = "7d", .programs = LOAD | PROGRAM_SPOOL, .marks = OPTION_UNIT, .max = 36500 * DAY,
     .help = "How long pages stay in the spool after they are loaded: netty-load removes older ones at the "
             "end of a run, netty-spool prune by hand. Never removed are pages that some database "
             "has not loaded yet, and each table's newest file. What netty-load remembers of the lines it has "
             "loaded into a database goes when no load has used it for that long, a day at least.",
     .example = "--spool-keep 30d"},

    {OPT_SPOOL_MAX, OPTION_SIZE, "spool-max", "NETTY_SPOOL_MAX", "SIZE",
     .programs = ALL, .min = KIB, .max = 1024 * 1024 * GIB,
     .help = "How large the spool may become. Beyond that, loaded pages are removed whatever their age, and when "
             "more than this waits to be loaded, netty-extract pauses (exit code 74). Give it several times "
             "--segment-size for each table, so that there is room for some files of each.",
     .example = "--spool-max 20G"},

    {OPT_SPOOL_FREE, OPTION_SIZE, "spool-free", "NETTY_SPOOL_FREE", "SIZE",
     .standard = "256M", .programs = EXTRACT, .max = 1024 * 1024 * GIB,
     .help = "When the spool's disk has less than this left, netty-extract pauses (exit code 74).",
     .example = "--spool-free 1G"},

    {OPT_LISTEN, OPTION_TEXT, "listen", "NETTY_LISTEN", "ADDR:PORT",
     .programs = EXTRACT | LOAD,
     .help = "With --every or --follow: answer there to /metrics (Prometheus), /healthz (200, or 503 with the "
             "reason), /status.json and / (the status page). On an address other than loopback only with a "
             "token in NETTY_LISTEN_TOKEN. Port 0 takes a free one and logs it.",
     .example = "--listen 127.0.0.1:9187"},

    {OPT_LISTEN_TOKEN_FILE, OPTION_TEXT, "listen-token-file", "NETTY_LISTEN_TOKEN_FILE", "FILE",
     .programs = EXTRACT | LOAD, .marks = OPTION_NO_SWITCH,
     .help = "A file whose first line is the token, of 16 characters or more, that each request to --listen "
             "must bring (Authorization: Bearer), where NETTY_LISTEN_TOKEN does not hold the token itself.",
     .example = "listen-token-file = /etc/netty/listen-token"},

    {OPT_STALE_AFTER, OPTION_DURATION, "stale-after", "NETTY_STALE_AFTER", "D",
     .programs = ALL, .min = SECOND, .max = 365 * DAY,
     .help = "A table is late when it is complete (netty-load: loaded) only up to a time that is more than D ago: then /healthz says "
             "503, and the status page says so. Without it three times --every, and at least 10m; 1h without --every.",
     .example = "--stale-after 30m"},

    {OPT_METRICS_FILE, OPTION_TEXT, "metrics-file", "NETTY_METRICS_FILE", "FILE",
     .programs = EXTRACT | LOAD,
     .help = "Write the metrics there at the end of each run, also of one that failed, as Prometheus text for "
             "node_exporter's textfile collector: replaced in one step, readable by all (mode 0644). Counters "
             "go on from what the file says. Each program needs a file of its own.",
     .example = "--metrics-file /var/lib/prometheus/node-exporter/netty.prom"},

    {OPT_PING_URL, OPTION_TEXT, "ping-url", "NETTY_PING_URL", "URL",
     .programs = EXTRACT,
     .help = "Tell a monitor of scheduled jobs how each run ended, in the common way: a GET of URL after a good run, "
             "of URL with /fail behind its path after a bad one, or while `netty-spool status` would not end with 0, "
             "so that netty-load's failures are told too. Ten seconds at most; what fails is a warning, and "
             "changes no exit code. As the address is a secret, rather in NETTY_PING_URL or the configuration file.",
     .example = "ping-url = https://monitor.example.com/ping/a-long-secret"},

    {OPT_HTML, OPTION_TEXT, "html", NULL, "FILE",
     .programs = PROGRAM_SPOOL,
     .help = "Of netty-spool report: the file to write the status page to, with its data within (mode 0644).",
     .example = "report --html /var/www/netty.html"},

    {OPT_HELP, OPTION_FLAG, "help", NULL, NULL,
     .programs = ALL, .letter = 'h',
     .help = "Show this and stop."},

    {OPT_VERSION, OPTION_FLAG, "version", NULL, NULL,
     .programs = ALL,
     .help = "Show the version and stop."},
};
