"""What `make bench-fleet` prints, and keeps in README.md between two marks of its own."""
import os
import subprocess

from sheet import PAGE, machine, table, verdict
from stores import CHEAP, DEAR

BEGIN, END = "<!-- fleet: begin (make bench-fleet KEEP=1 writes what stands between these two lines) -->", "<!-- fleet: end -->"
ACCOUNTS, TABLES, BETWEEN, DAY = 10_000, 15, 600, 144  # the goal's
OURS, DATABASE = 0.8, 0.5  # cores
STATES = (("first", "first sync"), ("quiet", "quiet"), ("apart", "quiet, a process an account"),
          ("one table", "one record of one table changed"), ("changed", "1 % of each table changed"))
SHIPPED = (("first", "the first one"), ("nothing new", "nothing new"), ("a sign of life", "a sign of life, and the two rounds after it"),
           ("a changed record", "a changed record, and the two rounds after it"))
TOGETHER = (*SHIPPED[:3], ("news", "a changed record in each account and run"))
HOSTS = 4
DEAR_PRICE, CHEAP_PRICE = 5e-6, 0.4e-6  # dollars a request: to put and to list; to get and to look
MONTH = 30


def cpu_rows(fleet):
    rows = []
    for state, words in STATES:
        if (state, "netty-load") not in fleet.rounds:
            continue
        extract, load = (fleet.mean(state, program, "cpu") for program in ("netty-extract", "netty-load"))
        disk = [fleet.disk.get((state, program)) for program in ("netty-extract", "netty-load")]
        rows.append((words, f"{extract * 1e3:.1f} ms", f"{load * 1e3:.1f} ms", f"{fleet.both(state, 'server') * 1e3:.1f} ms",
                     f"{fleet.both(state, 'transactions'):.2f}", f"{fleet.both(state, 'xids'):.2f}", f"{fleet.both(state, 'wal') / 1e3:.2f} kB",
                     " + ".join(f"{cost[0]:.1f}" for cost in disk if cost), " + ".join(f"{cost[1] / 1e3:.1f}" for cost in disk if cost) + " kB" * any(disk),
                     max(round.connections for round in fleet.rounds[state, "netty-load"])))
    return rows


def accounts(fleet):
    head = [f"{fleet.count} accounts of {len(fleet.tables)} tables: an account-run", "extract", "load", "PostgreSQL", "transactions", "xids", "WAL",
            "syncs, extract + load", "written", "connections at the worst"]
    return table(head, cpu_rows(fleet))


def day(fleet, records):
    """Of one account: 144 runs, 1 % of the records changed, each of them by itself."""
    events = max(records // 100, 1) * len(fleet.tables)

    def of(quiet, one):
        return DAY * quiet + events * max(one - quiet, 0)

    grown = {state: [sum(values) / len(values) for values in zip(*fleet.spools[state])] for state in ("quiet", "one table")}
    disk = {state: sum(cost[0] for (of_state, _), cost in fleet.disk.items() if of_state == state) for state in ("quiet", "one table")}
    return {"bytes": of(grown["quiet"][0], grown["one table"][0]), "files": of(grown["quiet"][1], grown["one table"][1]),
            "wal": of(fleet.both("quiet", "wal"), fleet.both("one table", "wal")), "syncs": of(disk["quiet"], disk["one table"]),
            "transactions": of(fleet.both("quiet", "transactions"), fleet.both("one table", "transactions")), "pushes": events,
            "ours": of(fleet.both("quiet", "cpu"), fleet.both("one table", "cpu")) / 86400,
            "server": of(fleet.both("quiet", "server"), fleet.both("one table", "server")) / 86400}


def days(bench):
    rows = []
    for fleet in bench.fleets:
        found = day(fleet, bench.records)
        rows.append((f"{len(fleet.tables)} tables", f"{found['bytes'] / 1e3:.0f} kB", f"{found['files']:.0f}", f"{found['syncs']:.0f}",
                     f"{found['transactions']:.0f}", f"{found['wal'] / 1e3:.0f} kB", found["pushes"]))
    return table(["an account's day: 144 runs, 1 % of the records changed, each by itself", "bytes in the spool", "files more", "syncs", "transactions",
                  "WAL", "objects pushed"], rows)


def goal(bench):
    """From the fleet that has the goal's number of tables; else in proportion, which is too much, since a run's own part is multiplied, too."""
    fleet = bench.fleets[-1]
    scale = ACCOUNTS * TABLES / len(fleet.tables)
    lines = []
    for state, words in STATES[1:]:
        factor = scale / BETWEEN
        ours, server = fleet.both(state, "cpu") * factor, fleet.both(state, "server") * factor
        measured = state == "quiet"
        disk = [fleet.disk[key] for key in fleet.disk if key[0] == state]
        lines.append((words + ", in each run", f"{ours:.2f}", f"{OURS:.1f}" if measured else "", verdict(ours <= OURS) if measured else "", f"{server:.2f}",
                      f"{DATABASE:.1f}" if measured else "", verdict(server <= DATABASE) if measured else "",
                      f"{fleet.both(state, 'transactions') * factor:.0f}", f"{sum(cost[0] for cost in disk) * factor:.0f}" if disk else "",
                      f"{fleet.both(state, 'wal') * factor * 86400 / 1e9:.2f} GB"))
    found = day(fleet, bench.records)
    lines.append(("a day as above", f"{found['ours'] * scale:.2f}", "", "", f"{found['server'] * scale:.2f}", "", "", f"{found['transactions'] * scale / 86400:.0f}",
                  f"{found['syncs'] * scale / 86400:.0f}", f"{found['wal'] * scale / 1e9:.2f} GB"))
    return table([f"{ACCOUNTS:,} accounts of {TABLES} tables, every 10 minutes", "cores of ours", "at most", "", "cores of PostgreSQL", "at most", "",
                  "transactions a second", "syncs a second", "WAL a day"], lines)


def ships(shipped, states, whose):
    rows = []
    for state, words in states:
        for command, found in shipped.states[state].items():
            rows.append((f"{command}: {words}", *(f"{found[name]:.3g}" for name in ("put", "list", "get", "head", "delete")),
                         f"{carried(found) / 1e3:.1f} kB", f"{price(found) * 1e6:.1f}", f"{found['cpu'] * 1e3:.0f} ms"))
    return table([f"requests to the store, {whose} of {len(shipped.fleet.tables)} tables", "put", "list", "get", "head", "delete", "bytes",
                  "dollars a million of them", "CPU, rclone's too"], rows)


def carried(found):
    return found["bytes up"] + found["bytes down"]


def price(found):
    return sum(found[name] for name in DEAR) * DEAR_PRICE + sum(found[name] for name in CHEAP) * CHEAP_PRICE


def bills(bench):
    """A month of one account: signs of life in hours without a change; each of both takes three rounds (fleet.py)."""
    states = bench.ships.states
    events = day(bench.ships.fleet, bench.records)["pushes"] * MONTH
    rows = []
    for words, runs in (("every 10 minutes", DAY * MONTH), ("every hour", 24 * MONTH)):
        changed = min(events, runs // 3)
        signs = max(min(24 * MONTH - changed, (runs - 3 * changed) // 3), 0)
        counts = (changed, signs, runs - 3 * (changed + signs))
        cost = [sum(n * price(states[state][command]) for n, state in zip(counts, ("a changed record", "a sign of life", "nothing new")))
                for command in ("push", "pull")]
        rows.append((words, *(f"{n:,}" for n in counts), *(f"{one * 100:.1f} ct" for one in cost), f"{sum(cost) * ACCOUNTS:,.0f} $"))
    return table(["a month of one account", "changes", "signs of life", "other runs", "push", "pull", f"{ACCOUNTS:,} accounts, both"], rows)


def bills_together(bench):
    """A month of all hosts: with so many accounts no run is without news. Requests do not grow with the accounts, bytes do."""
    together = bench.together
    news = together.states["news"]
    rows = []
    for words, runs in (("every 10 minutes", DAY * MONTH), ("every hour", 24 * MONTH)):
        cost = [HOSTS * runs * price(news[command]) for command in ("push", "pull")]
        size = ACCOUNTS * runs * sum(map(carried, news.values())) / len(together.accounts)
        rows.append((words, f"{HOSTS * runs:,}", *(f"{one:.2f} $" for one in cost), f"{sum(cost):.2f} $", f"{size / 1e9:,.0f} GB"))
    return table([f"a month of {ACCOUNTS:,} accounts on {HOSTS} hosts, those of a host together, each with a changed record in each run", "runs", "push", "pull",
                  "both", "bytes, both ways"], rows)


def render(bench, seconds):
    date = subprocess.run(["date", "-u", "+%F"], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=PAGE.parent, capture_output=True, text=True).stdout.strip()
    parts = [f"Measured {date} at {commit or 'an unknown commit'}, {bench.records} records a table, in {seconds / 60:.0f} min; medians of "
             f"{bench.arguments.rounds} quiet rounds.",
             f"Machine: {machine()}, after it {os.getloadavg()[0]:.2f}."]
    parts += [accounts(fleet) for fleet in bench.fleets]
    parts += [days(bench), goal(bench), ships(bench.ships, SHIPPED, "an account"), bills(bench),
              ships(bench.together, TOGETHER, f"all {len(bench.together.accounts)} accounts together"), bills_together(bench)]
    return "\n\n".join(parts)


def keep(text):
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
