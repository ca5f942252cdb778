"""The cost of reading: the page, metrics, `spool status` and the views on a small spool, and on a large one."""

import http.client
import os
import sqlite3
import subprocess
import time
from dataclasses import dataclass

from .child import BenchmarkError, Child, run
from .figures import markdown
from .measure import work_folder
from .memory import Gauge, mebibytes
from .portal import Portal
from .spool import Reader, refusing_port

DAYS = 30
DAY_MS = 86_400_000
SEEDS = 100
LOOKS = 20
READY_LIMIT_S = 60
ROUTES = ("/", "/page.json", "/metrics", "/status", "/healthz")
COMMANDS = (("status",), ("status", "--json"))
VIEWS = (
    "backlog", "gaps", "coverage", "health", "replays", "proofs", "dead_letters LIMIT 100",
    "deliveries ORDER BY id DESC LIMIT 100", "events ORDER BY seq DESC LIMIT 100",
)

CONFIGURATION = """\
spool: {{ path: {folder}/spool.db, retention: {{ age: 90d, max_size: 200GiB }} }}
sources:
  - name: bench
    type: defender-cloud-apps
    url: {source}
    poll: 1s
    requests_per_minute: 100000
    auth: {{ token: file:{folder}/token }}
    streams:
      activities: {{ start: 2d }}
      alerts: {{ start: 2d }}
sinks:
  - {{ name: siem, type: syslog, address: "127.0.0.1:{port}", transport: tcp, streams: [bench/activities, bench/alerts] }}
  - {{ name: archive, type: syslog, address: "127.0.0.1:{port}", transport: tcp, streams: [bench/activities, bench/alerts] }}
status: {{ listen: "127.0.0.1:{status}" }}
"""

# Every hundredth event is an alert. Five eighths are settled at both sinks, in ledger rows of ten; the others are waiting.
FILL = """
INSERT INTO event (seq, stream_id, external_id, kind, readable, occurred_ms, created_ms, fetched_ms, window_id, derived,
    severity, category, action, message, user_name, app_name, app_id, ip, country, user_agent, objects, policies, link)
WITH RECURSIVE n (i) AS (SELECT :from UNION ALL SELECT i + 1 FROM n WHERE i < :to)
SELECT :base + i, CASE WHEN (:base + i) % 100 = 0 THEN :alerts ELSE :activities END, printf('%024x', :base + i),
    1 + ((:base + i) % 100 = 0), 1, :start + i * :span / :events, :start + i * :span / :events,
    :start + i * :span / :events + 4000, 1, (SELECT max(derived) FROM event WHERE seq <= :base), i % 4,
    'EVENT_CATEGORY_LOGIN', 'Log on', 'Log on: user' || i % 5000, 'user' || i % 5000 || '@example.org',
    'Microsoft 365', '11161', '10.0.' || i % 250 || '.7', 'CH', 'Mozilla/5.0', '', '', ''
FROM n;
INSERT INTO record (seq, raw)
WITH RECURSIVE n (i) AS (SELECT :from UNION ALL SELECT i + 1 FROM n WHERE i < :to)
SELECT :base + i, '{"_id":"' || printf('%024x', :base + i) || '"}' FROM n;
"""
SETTLE = """
INSERT INTO connection (sink_id, address, transport, opened_ms, closed_ms, how)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
SELECT k.id, '127.0.0.1:1', 'tcp', :start + i * :span / 1000, :start + (i + 1) * :span / 1000, 'clean' FROM n, sink k;
INSERT INTO ledger (sink_id, stream_id, connection_id, first_seq, last_seq, outcome, evidence, events, bytes, attempts,
    sent_ms, settled_ms)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :rows - 1)
SELECT k.id, :activities, 1 + i * 1999 / :rows, :base + 10 * i + 1, :base + 10 * i + 10, 'delivered', 'kernel',
    10 - ((:base + 10 * i + 10) / 100 - (:base + 10 * i) / 100), 3000, 1, :start + i * :span * 5 / 8 / :rows, :start + i * :span * 5 / 8 / :rows + 2100
FROM n, sink k;
INSERT INTO ledger (sink_id, stream_id, connection_id, first_seq, last_seq, outcome, evidence, events, bytes, attempts,
    sent_ms, settled_ms)
SELECT k.id, :alerts, 1, e.seq, e.seq, 'delivered', 'kernel', 1, 300, 1, e.fetched_ms, e.fetched_ms + 2100
FROM event e, sink k WHERE e.stream_id = :alerts AND e.seq <= :base + 10 * :rows;
INSERT INTO ledger (sink_id, stream_id, connection_id, first_seq, last_seq, outcome, evidence, events, bytes, attempts,
    sent_ms, settled_ms)
SELECT k.id, :activities, 1, 1, :base, 'delivered', 'kernel', (SELECT count(*) FROM event WHERE seq <= :base), 300, 1,
    :start, :start FROM sink k;
UPDATE stream SET start_ms = :start, inserted = c.n, kept = c.n
FROM (SELECT stream_id, count(*) AS n FROM event INDEXED BY event_stream GROUP BY stream_id) AS c WHERE c.stream_id = id;
UPDATE subscription SET watermark_seq = :base + 10 * :rows, passed = c.n, delivered = c.n
FROM (SELECT stream_id, count(*) AS n FROM event INDEXED BY event_stream WHERE seq <= :base + 10 * :rows GROUP BY stream_id)
    AS c WHERE c.stream_id = subscription.stream_id;
INSERT INTO dead_letter (sink_id, stream_id, seq, reason, detail, attempts, at_ms)
SELECT (SELECT min(id) FROM sink), stream_id, seq, 'rejected', 'made up', 1, fetched_ms
FROM event WHERE seq > :base AND seq <= :base + min(10000, :events / 10);
INSERT INTO fetch_window (stream_id, reason, from_ms, to_ms, filter_hash, state, pages, seen, inserted, changed, started_ms,
    finished_ms)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :windows - 1)
SELECT t.id, 'poll', :start + i * :span / :windows, :start + (i + 1) * :span / :windows, t.filter_hash, 'complete', 1, 1, 1,
    0, :start, :start FROM n, stream t WHERE t.filter_hash IS NOT NULL;
INSERT INTO notification (at_ms, severity, code, subject, message, cleared_ms)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :some - 1)
SELECT :start + i, 'warning', 'Made up', 'number ' || i, 'A notification among many.',
    CASE WHEN i < 20 THEN NULL ELSE :start + i END FROM n;
INSERT INTO replay (sink_id, basis, from_ms, to_ms, mode, state, total, sent, skipped, created_ms, moved_ms, finished_ms)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :some - 1)
SELECT (SELECT min(id) FROM sink), 'occurred', :start, :start + 86400000, 'window',
    CASE WHEN i < :some - 2 THEN 'disabled' ELSE 'running' END, 1000, 500, 0, :start, :start, :start FROM n;
INSERT INTO replay_stream (replay_id, stream_id, last_seq, end_seq, position)
SELECT r.id, t.id, 10 * :rows, 10 * :rows, 100 FROM replay r, stream t WHERE t.filter_hash IS NOT NULL;
INSERT OR REPLACE INTO stream_sample (at_ms, stream_id, inserted)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :minutes - 1)
SELECT :now - (:minutes - i) * 60000, t.id, t.inserted * i / :minutes FROM n, stream t WHERE t.is_configured;
INSERT OR REPLACE INTO sink_sample (at_ms, sink_id, settled, waiting)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :minutes - 1)
SELECT :now - (:minutes - i) * 60000, k.id, 5 * :events / 8 * i / :minutes, 3 * :events / 8 FROM n, sink k;
"""


@dataclass
class Size:
    """One spool, and the time of each way of reading it, in seconds."""

    events: int
    waiting: int
    ledger: int
    bytes: int
    ready: float
    taken: dict
    before: int
    peak: int


def look(spool, events, parent):
    """Makes a spool of that many events, most of a month settled at two sinks that are now down, and reads it."""
    with work_folder(parent, "look") as folder, refusing_port() as port, Portal(spool.program, folder, SEEDS) as portal:
        with refusing_port() as status:
            _configure(folder, portal, port, status)
        reader = Reader(os.path.join(folder, "spool.db"))
        with _start(spool, folder) as daemon:
            daemon.wait_until("its first events", lambda: reader.events() >= SEEDS)
            # Wait for the alerts (there are none) and the first sweep.
            daemon.wait_until(
                "an answer to each stream", lambda: reader.number("SELECT count(*) = 2 FROM stream WHERE since_ms IS NOT NULL")
            )
            spool.stop(daemon)
        fill(reader.path, events)
        os.sync()
        begun = time.monotonic()
        with _start(spool, folder) as daemon:
            daemon.wait_until("readiness", lambda: _ready(status), READY_LIMIT_S, pause=0.005)
            ready = time.monotonic() - begun
            gauge = Gauge(daemon, reader)
            before = gauge.sizes()["VmRSS"]
            taken = {f"`{route}`": _least(lambda route=route: _get(status, route), LOOKS) for route in ROUTES}
            gauge.end("looks")
            taken |= _commands(spool, folder)
            spool.stop(daemon)
        return Size(
            events=reader.events(),
            waiting=reader.waiting(),
            ledger=reader.number("SELECT count(*) FROM ledger"),
            bytes=os.stat(reader.path).st_size,
            ready=ready,
            taken=taken,
            before=before,
            peak=gauge.phases[0].peak,
        )


def _commands(spool, folder):
    configuration = ["--config", os.path.join(folder, "spool.yaml")]
    taken = {}
    for words in COMMANDS:
        taken[f"`spool {' '.join(words)}`"] = _least(lambda words=words: run([spool.program, *words, *configuration]), 5)
    for view in VIEWS:
        question = [spool.program, "query", *configuration, f"SELECT * FROM {view}"]
        taken[f"`spool query`, {view}"] = _least(lambda question=question: run(question), 3)
    return taken


def _configure(folder, portal, port, status):
    with open(os.path.join(folder, "spool.yaml"), "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(folder=folder, source=portal.address, port=port, status=status))
    with open(os.path.join(folder, "token"), "w", encoding="utf-8") as file:
        file.write(portal.token)


def _start(spool, folder):
    return Child("spool", [spool.program, "run", "--config", os.path.join(folder, "spool.yaml")], folder)


def fill(path, events):
    """Adds generated rows to a spool that the daemon has created: a month of a busy tenant."""
    with sqlite3.connect(path, isolation_level=None) as database:
        # The spool is deleted afterwards: durability does not matter.
        database.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; PRAGMA wal_autocheckpoint = 20000;")
        ids = dict(database.execute("SELECT name, id FROM stream").fetchall())
        now = int(time.time() * 1000)
        values = {
            "base": database.execute("SELECT max(seq) FROM event").fetchone()[0],
            "activities": ids["bench/activities"],
            "alerts": ids["bench/alerts"],
            "events": events,
            "rows": events * 5 // 8 // 10,
            "start": now - DAYS * DAY_MS,
            "span": DAYS * DAY_MS,
            "now": now,
            "windows": min(events, DAYS * 5_760),
            "minutes": min(events, 2 * 1_440),
            "some": min(events, 300),
        }
        for first in range(1, events + 1, 500_000):
            _execute(database, FILL, values | {"from": first, "to": min(events, first + 499_999)})
        _execute(database, SETTLE, values)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    database.close()


def _execute(database, script, values):
    database.execute("BEGIN")
    for statement in script.split(";"):
        if statement.strip():
            database.execute(statement, values)
    database.execute("COMMIT")


def _ready(port):
    try:
        _get(port, "/readyz")
    except OSError:
        return False
    return True


def _get(port, route):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", route)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise BenchmarkError(f"{route} answered {answer.status}: {body[:500]}")


def _least(work, times):
    """The shortest of several times, since other load on the machine can only add; the first one is left out."""
    work()
    taken = []
    for _ in range(times):
        begun = time.monotonic()
        work()
        taken.append(time.monotonic() - begun)
    return min(taken)


def table(small, large):
    heads = ["Reading", "what", *(f"{size.events:,} events" for size in (small, large)), "large / small"]

    def line(name, what, form, value):
        return [name, what, form(value(small)), form(value(large)), f"{value(large) / max(value(small), 1e-9):.2f} ×"]

    lines = [
        line("the spool", "waiting", lambda value: f"{value:,}", lambda size: size.waiting),
        line("", "ledger rows", lambda value: f"{value:,}", lambda size: size.ledger),
        line("", "MiB", mebibytes, lambda size: size.bytes),
        line("start", "ready, ms", _ms, lambda size: size.ready),
        line("memory", "at rest, MiB", mebibytes, lambda size: size.before),
        line("", "peak of the routes, MiB", mebibytes, lambda size: size.peak),
    ]
    lines += [line(name, "ms", _ms, lambda size, name=name: size.taken[name]) for name in small.taken]
    return markdown(heads, lines)


def _ms(seconds):
    return f"{seconds * 1000:.1f}"
