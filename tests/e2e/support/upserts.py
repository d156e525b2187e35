"""What the loader must come to, said once more and as plainly as can be: one upsert after the other, in Python."""
import json
import random
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from harness import key_of


def number(text):
    """A number's digits as jsonb keeps them: no exponent, no negative zero."""
    plain = format(Decimal(text), "f")
    return plain.lstrip("-") if Decimal(text) == 0 else plain


def parse(text):
    return json.loads(text, parse_float=number, parse_int=number)


def wall_clock(moment, zone):
    """Of an hour that comes twice the later, of one that does not exist the offset before the gap."""
    early, late = (moment.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    return late if early.utcoffset() > late.utcoffset() else early


def parse_time(text, zone):
    if not text or text.startswith("0000-00-00"):
        return None
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.replace("Z", "+00:00"))
    text = re.sub(r"([+-]\d\d)$", r"\1:00", text) if len(text) > 11 else text
    text = re.sub(r"\.(\d+)", lambda m: "." + m[1][:6].ljust(6, "0"), text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else wall_clock(moment, zone)).astimezone(timezone.utc)


class Upserts:
    """A table after upserts: rows is {key: (data, time_created, time_modified)}, as Database.rows has it."""

    def __init__(self, table, update="merge", zone="UTC", refuses=lambda data: False):
        self.table, self.update, self.zone, self.refuses = table, update, zone, refuses
        self.rows = {}
        self.refused = []
        self.heard = []  # (key, time_modified, line), or line None: it is in, or was stale

    def take(self, line):
        data = parse(line)
        key = int(data.pop(key_of(self.table)))
        created = parse_time(data.pop("time_created", None), self.zone)
        own = modified = parse_time(data.pop("time_modified", None), self.zone)
        data["deleted"] = data.get("deleted") in (True, "1", "true")
        if key in self.rows:
            old, old_created, old_modified = self.rows[key]
            if modified and old_modified and modified < old_modified:
                self.heard.append((key, modified, None))
                return
            data = data if self.update == "replace" else {**old, **data}
            created, modified = old_created or created, modified or old_modified
        refused = self.refuses(data)
        self.heard.append((key, own, line if refused else None))
        if refused:
            self.refused.append(line)
        else:
            self.rows[key] = (data, created, modified)

    def listed(self):
        """The refused lines that no newer version has overtaken since: of equal times, or none, the later one is newer."""
        return [line for i, (key, time, line) in enumerate(self.heard) if line is not None and not any(
            other == key and later is None and (at >= time if at and time else True)
            for other, at, later in self.heard[i + 1:])]

    def take_all(self, lines):
        for line in lines:
            self.take(line)
        return self


VALUES = ['"é\\"\\\\ \\ud83d\\ude00 \\/"', "9007199254740993", "1.50", "-0.0", "1e2", "0.1e-7", "12345678901234567890.123",
          "null", "true", '""', "[]", '{"time_modified":"2020-01-01","deleted":true,"contact_id":5}', "[1,{\"a\":[2.0]}]",
          "false", '"2024-05-13 10:22:33"']
MEMBERS = ["name", "email", "city", "score", "nested", "tags", "weiß", "a b"]
WRITTEN = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.000Z",
           "%Y-%m-%d %H:%M:%S.250", "%Y-%m-%dT%H:%M:%S+02:00", "%Y-%m-%dT%H:%M:%S-0530"]


class History:
    """Random records of a table, the same for the same seed: few keys, few seconds, members that come and go."""

    def __init__(self, seed, table="contacts", keys=40):
        self.random = random.Random(seed)
        self.table, self.keys = table, keys

    def time(self):
        """Now and then none at all; two in five share a second, and years lie apart."""
        pick = self.random.random()
        if pick < 0.12:
            return self.random.choice([None, "null", '"0000-00-00 00:00:00"'])
        moment = datetime(2024, 10, 27, 0, 30) + timedelta(seconds=self.random.choice([0, 0, 1, 7, 3600, 7200, 86400]))
        if pick > 0.97:
            moment = datetime(2099, 1, 1)
        return f'"{moment.strftime(self.random.choice(WRITTEN))}"'

    def record(self):
        members = [f'"{name}":{self.random.choice(VALUES)}'
                   for name in self.random.sample(MEMBERS, self.random.randint(0, len(MEMBERS)))]
        for name, odds in (("time_created", 0.7), ("time_modified", 0.9)):
            written = self.time() if self.random.random() < odds else None
            if written:
                members.append(f'"{name}":{written}')
        if self.random.random() < 0.3:
            members.append(f'"deleted":{self.random.choice(["true", "false", "null"])}')
        members.append(f'"{key_of(self.table)}":{self.random.randint(1, self.keys)}')
        self.random.shuffle(members)
        return "{" + ",".join(members) + "}"

    def page(self, most=50):
        """A few repeat an earlier line exactly, as a re-read page does."""
        lines = []
        for _ in range(self.random.randint(0, most)):
            again = lines and self.random.random() < 0.15
            lines.append(self.random.choice(lines) if again else self.record())
        return lines
