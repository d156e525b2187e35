"""A client of the API as one would write it today with aiohttp and asyncpg: list newest first, stop behind the watermark, several
requests in flight, COPY into a temporary table, and an upsert of what is newer. A record goes to the server as the bytes of the
page, so that no digit passes through a double.

usage: NETTY_API_KEY=... peer.py URL DATABASE_URL TABLE:KEY...      (peer.py --check: are the packages there?)
"""
import asyncio
import json
import os
import re
import sys
from datetime import datetime, timedelta, timezone

import aiohttp
import asyncpg

LIMIT = 100
STEP = LIMIT - 1  # each page begins with the last record of the one before: whether the list has moved shows there
GROUP = 8  # pages a batch at most
MARGIN = timedelta(minutes=5)  # behind the watermark, read again
DATA = re.compile(r'"data"\s*:\s*\[')
BLANK = re.compile(r"[\s,]*")
decode = json.JSONDecoder().raw_decode

UPSERT = """
INSERT INTO "netty-{table}" AS t ({key}, data, time_created, time_modified)
SELECT DISTINCT ON (key) key,
       '{{"deleted": false}}'::jsonb || (data - '{{{key},time_created,time_modified}}'::text[]), created, modified
FROM fresh ORDER BY key, modified DESC NULLS LAST
ON CONFLICT ({key}) DO UPDATE SET data = t.data || excluded.data,
    time_created = coalesce(t.time_created, excluded.time_created),
    time_modified = coalesce(excluded.time_modified, t.time_modified)
WHERE t.time_modified IS NULL OR excluded.time_modified > t.time_modified
   OR excluded.time_modified = t.time_modified AND t.data IS DISTINCT FROM t.data || excluded.data"""


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def take_apart(body, key):
    """The page's records: key, the record's own text, its times."""
    records, at = [], DATA.search(body).end()
    while True:
        at = BLANK.match(body, at).end()
        if body[at] == "]":
            return records
        record, end = decode(body, at)
        records.append((record[key], body[at:end], moment(record.get("time_created")), moment(record.get("time_modified"))))
        at = end


async def page(session, url, key):
    for attempt in range(1, 6):
        try:
            async with session.get(url) as answer:
                if answer.status == 200:
                    return take_apart(await answer.text(encoding="utf-8"), key)
                if attempt == 5 or answer.status < 500 and answer.status != 429:
                    raise RuntimeError(f"{url}: status {answer.status}")
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, asyncio.TimeoutError):
            if attempt == 5:
                raise
        await asyncio.sleep(2 ** attempt)


class Group:
    def __init__(self, session, base, key, start, size):
        self.start, self.size = start, size
        self.pages = asyncio.gather(*(page(session, f"{base}&offset={start + i * STEP}", key) for i in range(size)))


async def put(db, table, key, pages):
    records = [record for records in pages for record in records]
    if not records:
        return
    async with db.transaction():
        await db.copy_records_to_table("fresh", records=records, columns=("key", "data", "created", "modified"))
        await db.execute(UPSERT.format(table=table, key=key))
        await db.execute("TRUNCATE fresh")


async def sync(db, session, url, table, key):
    base = f"{url}/{table}?sort=time_modified:desc&limit={LIMIT}"
    watermark = await db.fetchval("SELECT watermark FROM peer_state WHERE name = $1", table)
    until = watermark - MARGIN if watermark else None
    now, newest, last, again, done = datetime.now(timezone.utc), watermark, None, 0, False
    group = Group(session, base, key, 0, 1)
    while not done:
        pages = await group.pages
        broken, good = None, []
        for i, records in enumerate(pages):
            if not records:
                done = True
                break
            if last is not None and records[0][0] != last:
                broken = i
                break
            good.append(records)
            last = records[-1][0]
            times = [record[3] for record in records if record[3]]
            newest = max([time for time in times if time <= now] + ([newest] if newest else []), default=None)
            if len(records) < LIMIT or until and times and min(times) < until:
                done = True
                break
        start, size = group.start + group.size * STEP, min(group.size * 2, GROUP)
        if broken is not None:  # the list has moved meanwhile: a page back, and on from there
            again += 1
            if again > 100:
                raise RuntimeError(f"{table}: the list does not hold still")
            start, size, last = max(0, group.start + broken * STEP - LIMIT), 1, None
        following = None if done else Group(session, base, key, start, size)  # on its way while the server works
        await put(db, table, key, good)
        group = following
    if newest:
        await db.execute("INSERT INTO peer_state (name, watermark) VALUES ($1, $2)"
                         " ON CONFLICT (name) DO UPDATE SET watermark = excluded.watermark", table, newest)


async def main(url, database, *tables):
    db = await asyncpg.connect(database, server_settings={"timezone": "UTC"})
    await db.set_type_codec("jsonb", schema="pg_catalog", format="binary", encoder=lambda text: b"\x01" + text.encode(),
                            decoder=lambda data: data[1:].decode())
    await db.execute("CREATE TEMP TABLE fresh (key integer, data jsonb, created timestamptz, modified timestamptz)")
    headers = {"x-netty-api-key": os.environ["NETTY_API_KEY"], "accept-encoding": "identity"}
    connector = aiohttp.TCPConnector(limit=4)
    async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        for item in tables:
            await sync(db, session, url, *item.split(":"))
    await db.close()


if __name__ == "__main__" and sys.argv[1:] != ["--check"]:
    asyncio.run(main(*sys.argv[1:]))
