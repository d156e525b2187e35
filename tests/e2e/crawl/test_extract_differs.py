"""Two servers answer in turn, as behind a balancer, and one of them lacks records: such a table is never called complete."""
import json

import pytest

from crawls import events, versions
from lists import Lists

LONG_AGO = "2024-05-{:02} {:02}:{:02}:00"


def contacts(n):
    return [{"contact_id": key, "time_modified": LONG_AGO.format(1 + key // 1440, key // 60 % 24, key % 60), "name": f"c{key}"}
            for key in range(1, n + 1)]


class Balanced(Lists):
    """Every second answer is the one of a server that `lacks` the records with these keys; those of `late` are committed
    before the tenth answer."""

    def __init__(self, n):
        super().__init__({"contacts": contacts(n)})
        self.lacks, self.turn, self.late = set(), 0, set()

    def answer(self, table, query):
        whole = self.tables[table]
        self.turn += 1
        without = (set() if self.turn % 2 else self.lacks) | (set() if self.turn >= 10 else self.late)
        here = [record for record in whole if record["contact_id"] not in without]
        self.tables = {table: here}
        try:
            return super().answer(table, query)
        finally:
            self.tables = {table: whole}


@pytest.fixture
def balanced():
    made = []

    def start(n, lacks):
        made.append(Balanced(n))
        made[-1].lacks = lacks
        return made[-1]

    yield start
    for one in made:
        one.stop()


def fetch(netty, api, *arguments):
    run = netty.extract("--json", "contacts", *arguments, sim=api)
    return run, run.json()["contacts"]


def assert_all_there(netty, api):
    held = versions(netty, "contacts")
    assert {key: json.loads(lines[-1])["name"] for key, lines in held.items()} == \
        {record["contact_id"]: record["name"] for record in api.tables["contacts"]}


@pytest.mark.parametrize("lacks", [range(300, 340), range(2, 1000, 20), range(150, 900, 250), range(901, 1000)],
                         ids=["a stretch", "one in twenty", "three", "the end"])
def test_what_one_of_two_servers_lacks_is_there_or_told(netty, balanced, lacks):
    api = balanced(1000, set(lacks))
    _, row = fetch(netty, api)
    if row["status"] == "complete":
        assert_all_there(netty, api)
    else:
        assert row["status"] == "unproven" and "do not agree" in row["reason"], row


def test_answers_that_do_not_agree_are_told_everywhere(netty, balanced):
    api = balanced(1000, set(range(2, 1000, 20)))
    run, row = fetch(netty, api, "--log-format", "json")
    assert row["status"] == "unproven" and "do not agree" in row["reason"], row
    assert (row["complete_to"] or "1970") < "2024", "nothing is claimed of such a table"
    assert [event["reason"] for event in events(run, "unproven")] == [row["reason"]]
    assert "unproven" in netty.spool_tool("status", code=None).out
    file = netty.dir / "metrics.prom"
    _, row = fetch(netty, api, "--metrics-file", file)
    assert row["status"] == "unproven", "a later run that does not read the whole list proves nothing of it"
    assert 'netty_extract_unproven{table="contacts",reason="differs"} 1' in file.read_text()
    api.lacks = set()
    _, row = fetch(netty, api, "--full")
    assert row["status"] == "complete", "both have the same now"
    assert_all_there(netty, api)


def test_and_the_list_is_read_again_a_day_later(netty, balanced):
    api = balanced(1000, set(range(2, 1000, 20)))
    api.ahead = -25 * 3600
    _, row = fetch(netty, api)
    assert row["status"] == "unproven"
    api.lacks, api.ahead = set(), 0
    _, row = fetch(netty, api)
    assert row["status"] == "complete"
    assert_all_there(netty, api)


def test_many_records_that_are_committed_late_are_no_other_server(netty, balanced):
    """One transaction of 300 records, whose keys are less than others that are there already."""
    api = balanced(2000, set())
    api.late = set(range(100, 400))
    _, row = fetch(netty, api)
    assert row["status"] == "complete"
    assert_all_there(netty, api)
