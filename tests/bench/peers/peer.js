'use strict';
/*
 * A client of the API as one would write it today with Node and node-pg: list newest first, stop behind the watermark,
 * several requests in flight, and let the server take the pages apart, so that no digit passes through a double.
 *
 * usage: NETTY_API_KEY=... node peer.js URL DATABASE_URL TABLE:KEY...      (peer.js --check: are the packages there?)
 */
const http = require('http');
const {Client} = require('pg');

const LIMIT = 100;
const STEP = LIMIT - 1; // each page begins with the last record of the one before: whether the list has moved shows there
const GROUP = 8;        // pages a statement at most
const MARGIN = 300;     // seconds behind the watermark that are read again
const agent = new http.Agent({keepAlive: true, maxSockets: 4});

function get(url) {
    return new Promise((resolve, reject) => {
        const headers = {'x-netty-api-key': process.env.NETTY_API_KEY, accept: 'application/json'};
        http.get(url, {agent, headers, timeout: 60000}, answer => {
            const pieces = [];
            answer.on('data', piece => pieces.push(piece));
            answer.on('error', reject);
            answer.on('end', () => answer.statusCode === 200 && answer.complete ? resolve(Buffer.concat(pieces))
                : reject(Object.assign(new Error(`${url}: status ${answer.statusCode}`), {status: answer.statusCode})));
        }).on('timeout', function () { this.destroy(new Error(`${url}: timeout`)); }).on('error', reject);
    });
}

async function page(url) {
    for (let attempt = 1; ; attempt++) {
        try {
            return await get(url);
        } catch (error) {
            if (attempt === 5 || error.status < 500 && error.status !== 429) throw error;
            await new Promise(resume => setTimeout(resume, 1000 * 2 ** attempt));
        }
    }
}

/* One statement a group of pages: rows that are newer go in, and each page's summary comes back. */
const upsert = (table, key) => ({
    name: `upsert-${table}`,
    text: `
WITH record AS (
    SELECT p.number, r.place, (r.record->>'${key}')::int AS key,
           '{"deleted": false}'::jsonb || (r.record - '{${key},time_created,time_modified}'::text[]) AS data,
           (r.record->>'time_created')::timestamptz AS created, (r.record->>'time_modified')::timestamptz AS modified
    FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS p(page, number),
         jsonb_array_elements(p.page->'data') WITH ORDINALITY AS r(record, place)
), put AS (
    INSERT INTO "netty-${table}" AS t (${key}, data, time_created, time_modified)
    SELECT DISTINCT ON (key) key, data, created, modified FROM record ORDER BY key, modified DESC NULLS LAST, number
    ON CONFLICT (${key}) DO UPDATE SET data = t.data || excluded.data,
        time_created = coalesce(t.time_created, excluded.time_created),
        time_modified = coalesce(excluded.time_modified, t.time_modified)
    WHERE t.time_modified IS NULL OR excluded.time_modified > t.time_modified
       OR excluded.time_modified = t.time_modified AND t.data IS DISTINCT FROM t.data || excluded.data
)
SELECT number::int, count(*)::int AS records, extract(epoch FROM min(modified))::float8 AS oldest,
       extract(epoch FROM max(modified) FILTER (WHERE modified <= now()))::float8 AS newest,
       (array_agg(key ORDER BY place))[1] AS first, (array_agg(key ORDER BY place DESC))[1] AS last
FROM record GROUP BY number ORDER BY number`,
});

function fetchGroup(base, from, size) {
    const pages = Array.from({length: size}, (_, i) => page(`${base}&offset=${from + i * STEP}`));
    const bodies = Promise.all(pages).then(all => Buffer.concat(
        [Buffer.from('['), ...all.flatMap((body, i) => i ? [Buffer.from(','), body] : [body]), Buffer.from(']')]));
    bodies.catch(() => {}); // whoever waits for it hears of it; one that is thrown away may fail
    return {from, size, bodies};
}

async function sync(db, url, table, key) {
    const base = `${url}/${table}?sort=time_modified:desc&limit=${LIMIT}`;
    const statement = upsert(table, key);
    const known = (await db.query('SELECT extract(epoch FROM watermark)::float8 AS at FROM peer_state WHERE name = $1', [table])).rows;
    const until = known.length && known[0].at !== null ? known[0].at - MARGIN : -Infinity;
    let newest = known.length ? known[0].at : null, last = null, again = 0;
    let group = fetchGroup(base, 0, 1), done = false;
    while (!done) {
        const body = await group.bodies;
        const size = Math.min(group.size * 2, GROUP);
        // The next group is on its way while the server works, but not before the first page has said that there is one.
        let next = group.from > 0 ? fetchGroup(base, group.from + group.size * STEP, size) : null;
        const pages = (await db.query({...statement, values: [body]})).rows;
        let broken = -1;
        for (let i = 0; i < group.size && !done && broken < 0; i++) {
            const seen = pages.find(p => p.number === i + 1);
            if (!seen) { done = true; break; }
            if (last !== null && seen.first !== last) broken = i;
            last = seen.last;
            newest = Math.max(newest ?? -Infinity, seen.newest ?? -Infinity);
            done = broken < 0 && (seen.records < LIMIT || seen.oldest !== null && seen.oldest < until);
        }
        if (broken >= 0) { // the list has moved meanwhile: a page back, and on from there
            if (++again > 100) throw new Error(`${table}: the list does not hold still`);
            last = null;
            next = fetchGroup(base, Math.max(0, group.from + broken * STEP - LIMIT), 1);
        }
        group = next ?? (done ? null : fetchGroup(base, group.from + group.size * STEP, size));
    }
    if (Number.isFinite(newest))
        await db.query(`INSERT INTO peer_state (name, watermark) VALUES ($1, to_timestamp($2::float8))
            ON CONFLICT (name) DO UPDATE SET watermark = excluded.watermark`, [table, newest]);
}

async function main([url, database, ...tables]) {
    const db = new Client({connectionString: database});
    await db.connect();
    await db.query("SET TimeZone = 'UTC'");
    for (const item of tables)
        await sync(db, url, ...item.split(':'));
    await db.end();
    agent.destroy();
}

if (process.argv[2] !== '--check')
    main(process.argv.slice(2)).catch(error => { console.error(error); process.exit(1); });
