-- The spool. Times are integer milliseconds since 1970 in UTC, in columns ending _ms; `seq` is the order in
-- which the spool learned of events. The views at the end are a public interface: they stay compatible.

CREATE TABLE run (
    id INTEGER PRIMARY KEY,          -- one row for each time the spool was opened for writing
    holder TEXT NOT NULL,            -- the command that held it
    started_ms INTEGER NOT NULL,     -- when it was opened, local clock
    ended_ms INTEGER,                -- when it was closed in good order; NULL while open, and after an unclean end
    derived INTEGER                  -- the reading that all records have since this run; NULL before that was seen
) STRICT;

CREATE TABLE stream (
    id INTEGER PRIMARY KEY,          -- referred to by everything of this stream
    name TEXT NOT NULL UNIQUE,       -- source/stream: its identity in the configuration
    source TEXT NOT NULL,            -- name of its source
    kind INTEGER NOT NULL CHECK (kind IN (1, 2)), -- 1 activities, 2 alerts
    replay_id INTEGER,               -- the replay it belongs to alone (NAME@replay-ID); NULL for a configured one
    is_configured INTEGER NOT NULL CHECK (is_configured IN (0, 1)), -- 0 once it has left the configuration
    filter_hash TEXT,                -- identifies today's filters; `gaps` counts only windows read with them
    start_ms INTEGER,                -- where it begins, computed once; NULL before the source's first answer
    cursor TEXT,                     -- JSON: `since` (everything saved before it has been read once) and the scan under way
    since_ms INTEGER,                -- the cursor's `since`, for the views
    sweep TEXT,                      -- JSON: the sweep under way
    swept_to_ms INTEGER,             -- up to here everything has been read a second time
    sweep_ended_ms INTEGER,          -- when the last sweep ended, by the source's clock
    pruned_to_ms INTEGER,            -- what retention has taken lies below this, on the stream's basis; read again, it is not inserted as new
    source_ms INTEGER,               -- the greatest `Date` its source has told
    polled_to_ms INTEGER,            -- up to here polls have read, by the source's clock; `gap` counts from it
    polled_ms INTEGER,               -- local time of the last page of a poll
    gap_after_ms INTEGER NOT NULL DEFAULT 300000, -- a pause between two pages longer than this is a gap
    last_success_ms INTEGER,         -- local time of the last page spooled
    newest_ms INTEGER,               -- greatest time of a record that did not lie ahead of the source's clock
    state TEXT NOT NULL DEFAULT 'created', -- `created`, `connected`, or the word of its trouble
    last_error TEXT,                 -- its trouble in words; NULL when there is none
    trouble_since_ms INTEGER,        -- since when
    inserted INTEGER NOT NULL DEFAULT 0, -- events ever inserted
    kept INTEGER NOT NULL DEFAULT 0,     -- events in the spool now
    unreadable INTEGER NOT NULL DEFAULT 0, -- events ever inserted that could not be understood
    skipped INTEGER NOT NULL DEFAULT 0 -- times a record was left out below pruned_to_ms: retention has taken it, or it came too late
) STRICT;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, -- order of arrival; never used twice, not even after retention
    stream_id INTEGER NOT NULL REFERENCES stream (id), -- its stream
    external_id TEXT NOT NULL,       -- the source's id; a key made of the content when readable is 0
    kind INTEGER NOT NULL,           -- 1 activity, 2 alert
    readable INTEGER NOT NULL,       -- 0: the record could not be understood; it is sent all the same
    occurred_ms INTEGER NOT NULL,    -- when it happened
    created_ms INTEGER NOT NULL,     -- when the source saved it; alerts do not tell: as occurred_ms
    fetched_ms INTEGER NOT NULL,     -- when it came here, local clock
    window_id INTEGER NOT NULL,      -- the fetch_window that brought it
    derived INTEGER NOT NULL,        -- version of the reading that made these columns from the record
    severity INTEGER,                -- 0 low, 1 medium, 2 high, 3 informational; NULL where the record has none
    category TEXT NOT NULL,          -- EVENT_CATEGORY_* or ALERT_*
    action TEXT NOT NULL,            -- the activity as the portal shows it; the alert's policy or title
    message TEXT NOT NULL,           -- description
    user_name TEXT NOT NULL,         -- who
    app_name TEXT NOT NULL,          -- in which app
    app_id TEXT NOT NULL,            -- ids of apps, joined by commas
    ip TEXT NOT NULL,                -- the client's address
    country TEXT NOT NULL,           -- the client's country
    user_agent TEXT NOT NULL,        -- the client's user agent
    objects TEXT NOT NULL,           -- target objects, or related activities of an alert, joined by commas
    policies TEXT NOT NULL,          -- ids of matched policies, joined by commas
    link TEXT NOT NULL,              -- the portal's address of the record, if the record tells it
    UNIQUE (stream_id, external_id)
) STRICT;

-- (stream_id, seq): a stream is read in order without touching the others.
CREATE INDEX event_stream ON event (stream_id);
-- Windows of replays by the time of happening.
CREATE INDEX event_occurred ON event (stream_id, occurred_ms);
-- Windows by the source's time, and retention.
CREATE INDEX event_created ON event (stream_id, created_ms);

CREATE TABLE record (
    seq INTEGER PRIMARY KEY REFERENCES event (seq) ON DELETE CASCADE, -- the event
    raw TEXT NOT NULL                -- the source's own bytes, unchanged
) STRICT;

CREATE TABLE fetch_window (
    id INTEGER PRIMARY KEY,          -- referred to by event.window_id
    stream_id INTEGER NOT NULL REFERENCES stream (id), -- whose window
    reason TEXT NOT NULL CHECK (reason IN ('poll', 'sweep', 'refetch')), -- why it was read
    from_ms INTEGER NOT NULL,        -- lower bound of the request, inclusive
    to_ms INTEGER NOT NULL,          -- upper bound, exclusive; if open, the `Date` of the scan's first answer
    filter_hash TEXT NOT NULL,       -- filters it was read with
    state TEXT NOT NULL CHECK (state IN ('running', 'complete', 'abandoned', 'unproved')), -- only `complete` proves anything
    pages INTEGER NOT NULL,          -- answers read
    seen INTEGER NOT NULL,           -- records in them
    inserted INTEGER NOT NULL,       -- of those, new ones
    changed INTEGER NOT NULL,        -- of those, known ones whose record has changed at the source
    started_ms INTEGER NOT NULL,     -- local time of the first page
    finished_ms INTEGER              -- local time of the last page
) STRICT;

-- Neighbours of a window, and `gaps`.
CREATE INDEX fetch_window_stream ON fetch_window (stream_id, from_ms);

-- Times in which a stream was not read when its turn was: its source, this host or the disk was down.
CREATE TABLE gap (
    id INTEGER PRIMARY KEY,          -- order of noticing
    stream_id INTEGER NOT NULL REFERENCES stream (id), -- which was not read
    from_ms INTEGER NOT NULL,        -- up to here it had been read, by the source's clock
    to_ms INTEGER,                   -- when the source answered again, by its clock; NULL while it does not
    noticed_ms INTEGER NOT NULL,     -- local time at which it was noticed
    healed_ms INTEGER                -- local time since which all of it has been read; NULL before
) STRICT;

-- The gap a stream is in.
CREATE INDEX gap_open ON gap (stream_id) WHERE healed_ms IS NULL;

CREATE TABLE sink (
    id INTEGER PRIMARY KEY,          -- referred to by everything of this sink
    name TEXT NOT NULL UNIQUE,       -- its identity in the configuration
    type TEXT NOT NULL,              -- kind of sink
    state TEXT NOT NULL DEFAULT 'created' CHECK (state IN ('created', 'connected', 'retrying', 'held', 'disabled')), -- disabled: left the configuration
    state_since_ms INTEGER,          -- since when it is in this state
    trouble_since_ms INTEGER,        -- since when nothing could be settled, however often it connected; NULL when well
    cuts INTEGER NOT NULL DEFAULT 0, -- connections in a row cut before anything sent was settled; 0 below three
    last_success_ms INTEGER,         -- when something was settled last
    last_error TEXT,                 -- the last failure; NULL after a success
    attempts INTEGER NOT NULL DEFAULT 0, -- failed attempts since the last success
    failures INTEGER NOT NULL DEFAULT 0, -- failed attempts ever
    retry_at_ms INTEGER,             -- when the next attempt is due
    connection_error_after_ms INTEGER NOT NULL DEFAULT 7200000, -- down for longer: `connection error`
    disconnected_after_ms INTEGER NOT NULL DEFAULT 43200000, -- down for longer: `disconnected`
    replay_id INTEGER,               -- the replay whose ad-hoc destination it is (destination@replay-ID); NULL for a configured one
    rate REAL                        -- events a second it took when it was last fed without a pause; NULL before that was measured
) STRICT;

CREATE TABLE subscription (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- a sink's taking of one stream; never used twice: batches under way name it
    sink_id INTEGER NOT NULL REFERENCES sink (id), -- who takes
    stream_id INTEGER NOT NULL REFERENCES stream (id), -- what
    state TEXT NOT NULL CHECK (state IN ('active', 'held', 'left')), -- held: needs `start`; left: not configured any more
    left_ms INTEGER,                 -- when retention first saw that it had left, by the source's clock
    start_seq INTEGER,               -- it began after this event; NULL while held
    watermark_seq INTEGER NOT NULL,  -- every event of the stream from the start up to this one has a final outcome
    passed INTEGER NOT NULL,         -- events of the stream up to the watermark: stream.inserted less this are waiting
    delivered INTEGER NOT NULL DEFAULT 0, -- events settled as delivered or already there, replays not counted
    filtered INTEGER NOT NULL DEFAULT 0,  -- events left out by the sink's filter
    refused INTEGER NOT NULL DEFAULT 0,   -- events that became dead letters
    replayed INTEGER NOT NULL DEFAULT 0,  -- events delivered by replays
    lost INTEGER NOT NULL DEFAULT 0, -- events that retention took before this sink, which had left, could have them
    lost_from_ms INTEGER,            -- the oldest of those, on the stream's basis
    lost_to_ms INTEGER,              -- the newest of those
    UNIQUE (sink_id, stream_id)
) STRICT;

CREATE TABLE connection (
    id INTEGER PRIMARY KEY,          -- referred to by ledger.connection_id
    sink_id INTEGER NOT NULL REFERENCES sink (id), -- whose connection
    address TEXT NOT NULL,           -- where to
    transport TEXT NOT NULL,         -- tcp, tls, udp …
    opened_ms INTEGER NOT NULL,      -- when it was opened
    closed_ms INTEGER,               -- when it ended; NULL while open
    doubt_from_ms INTEGER,           -- `kernel` rows settled from here on are doubtful after an unclean end: those of the 60 s before its last settlement; NULL before the first
    how TEXT CHECK (how IN ('clean', 'unclean')) -- how it ended; after an unclean end its last `kernel` rows are doubtful
) STRICT;

-- Connections left open by a crash.
CREATE INDEX connection_open ON connection (sink_id) WHERE closed_ms IS NULL;

CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,          -- order of settling
    sink_id INTEGER NOT NULL REFERENCES sink (id), -- who had them
    stream_id INTEGER NOT NULL REFERENCES stream (id), -- of which stream
    replay_id INTEGER,               -- by which replay; NULL: live
    connection_id INTEGER,           -- over which connection
    first_seq INTEGER NOT NULL,      -- the row speaks for every event of the stream from this one
    last_seq INTEGER NOT NULL,       -- to this one
    outcome TEXT NOT NULL CHECK (outcome IN ('delivered', 'already', 'filtered', 'refused')), -- what became of them
    evidence TEXT CHECK (evidence IN ('acknowledged', 'kernel', 'sent')), -- how we know; only of `delivered`
    events INTEGER NOT NULL,         -- how many events of the stream lay in the range
    bytes INTEGER NOT NULL,          -- written for them, framing included
    attempts INTEGER NOT NULL,       -- how often they were sent
    sent_ms INTEGER NOT NULL,        -- when
    settled_ms INTEGER NOT NULL,     -- when the outcome was known
    CHECK (first_seq <= last_seq),
    CHECK ((outcome = 'delivered') = (evidence IS NOT NULL))
) STRICT;

-- Rows that speak for a range of a stream; first_seq is there to pass over rows without reading them.
CREATE INDEX ledger_range ON ledger (sink_id, stream_id, last_seq, first_seq);
-- When a connection settled last, and which ones no row names any more.
CREATE INDEX ledger_connection ON ledger (connection_id, settled_ms);

CREATE TABLE dead_letter (
    sink_id INTEGER NOT NULL REFERENCES sink (id), -- who refused it
    stream_id INTEGER NOT NULL REFERENCES stream (id), -- its stream
    seq INTEGER NOT NULL REFERENCES event (seq) ON DELETE CASCADE, -- the event; kept until delivered or dismissed
    reason TEXT NOT NULL,            -- rejected, too-large, unrenderable
    detail TEXT NOT NULL,            -- what the receiver said
    attempts INTEGER NOT NULL,       -- how often it was sent
    at_ms INTEGER NOT NULL,          -- when it was refused last
    dismissed_ms INTEGER,            -- when an operator gave it up; it no longer keeps its event
    PRIMARY KEY (sink_id, stream_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX dead_letter_seq ON dead_letter (seq);

CREATE TABLE replay (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the job's number; never used twice: ledger rows keep it when the job is removed
    sink_id INTEGER NOT NULL REFERENCES sink (id), -- where to
    destination TEXT,                -- address of an ad-hoc destination; NULL for a configured sink
    basis TEXT NOT NULL CHECK (basis IN ('occurred', 'created')), -- which time the window looks at
    from_ms INTEGER NOT NULL,        -- window, inclusive
    to_ms INTEGER NOT NULL,          -- window, exclusive
    mode TEXT NOT NULL CHECK (mode IN ('window', 'missing', 'events')), -- all of it; what the ledger does not show; exactly replay_event
    streams TEXT,                    -- JSON: names it was limited to; NULL: every stream the sink takes
    refetch INTEGER NOT NULL DEFAULT 0 CHECK (refetch IN (0, 1)), -- 1: the window is read from the source again first
    scan TEXT,                       -- JSON: how far the refetch is
    rate INTEGER CHECK (rate > 0),   -- events a second at most; NULL: half of what the sink takes
    state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'disabled', 'cancelled')), -- disabled: came to its end
    total INTEGER NOT NULL,          -- events it had to send when it was made
    sent INTEGER NOT NULL DEFAULT 0, -- events settled so far
    skipped INTEGER NOT NULL,        -- events of the window that the ledger showed to be there
    created_ms INTEGER NOT NULL,     -- when it was made
    moved_ms INTEGER NOT NULL,       -- when its state changed last
    finished_ms INTEGER,             -- when it ended or was cancelled
    reason TEXT                      -- why it was cancelled, where nobody asked for that
) STRICT;

-- Replays that keep events from retention.
CREATE INDEX replay_unfinished ON replay (state) WHERE state IN ('running', 'paused');

CREATE TABLE replay_stream (
    replay_id INTEGER NOT NULL REFERENCES replay (id) ON DELETE CASCADE, -- the job
    stream_id INTEGER NOT NULL REFERENCES stream (id), -- a stream of it
    last_seq INTEGER NOT NULL,       -- the sink's watermark when the job was fixed: what lies above is the live lane's
    end_seq INTEGER NOT NULL,        -- the last event of the window up to last_seq: there the job ends
    position INTEGER NOT NULL,       -- everything of the job up to here has a final outcome
    PRIMARY KEY (replay_id, stream_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE replay_event (
    replay_id INTEGER NOT NULL REFERENCES replay (id) ON DELETE CASCADE, -- a job of exactly these events
    seq INTEGER NOT NULL REFERENCES event (seq) ON DELETE CASCADE, -- one of them
    PRIMARY KEY (replay_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX replay_event_seq ON replay_event (seq);

CREATE TABLE notification (
    id INTEGER PRIMARY KEY,          -- order of raising
    at_ms INTEGER NOT NULL,          -- when it was raised
    severity TEXT NOT NULL CHECK (severity IN ('information', 'warning', 'error', 'critical')), -- how bad
    code TEXT NOT NULL,              -- fixed words: what kind of notification
    subject TEXT NOT NULL,           -- the stream, sink or replay it is about; empty: the spool itself
    message TEXT NOT NULL,           -- what happened and what to do
    cleared_ms INTEGER               -- when the cause was gone; NULL while it lasts
) STRICT;

-- A notification is raised once while its cause lasts.
CREATE UNIQUE INDEX notification_open ON notification (code, subject) WHERE cleared_ms IS NULL;

CREATE TABLE proof (
    id INTEGER PRIMARY KEY,          -- a comparison of source, spool and ledger (`spool verify`, or the daily audit)
    reason TEXT NOT NULL CHECK (reason IN ('command', 'audit')), -- who asked for it
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'stopped')), -- stopped: the process ended first
    from_ms INTEGER NOT NULL,        -- window, inclusive, on each stream's own basis
    to_ms INTEGER NOT NULL,          -- window, exclusive
    started_ms INTEGER NOT NULL,     -- when it began
    finished_ms INTEGER,             -- when it ended; NULL while it runs
    events INTEGER NOT NULL DEFAULT 0, -- different ids compared
    missing INTEGER NOT NULL DEFAULT 0, -- of those: never fetched, or not at a sink; one missing at two sinks counts twice
    complete INTEGER NOT NULL DEFAULT 0 CHECK (complete IN (0, 1)), -- 1: nothing missing, too early, pruned or unproved
    result TEXT NOT NULL             -- JSON: the request and what was found, as in the report of `spool verify --report`
) STRICT;

CREATE TABLE proof_missing (
    proof_id INTEGER NOT NULL REFERENCES proof (id) ON DELETE CASCADE, -- the proof that found it missing
    stream TEXT NOT NULL,            -- its stream
    sink TEXT NOT NULL,              -- where it is missing; empty: it was never fetched
    cause TEXT NOT NULL CHECK (cause IN ('never-fetched', 'unsettled', 'dead-letter', 'doubtful')), -- why
    external_id TEXT NOT NULL,       -- the source's id
    seq INTEGER,                     -- its place in the spool; NULL when it was never fetched
    PRIMARY KEY (proof_id, stream, sink, cause, external_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE crash_mark (
    step TEXT NOT NULL CHECK (step IN ('page', 'batch')), -- reading of a page, rendering of a batch
    subject TEXT NOT NULL,           -- the stream or sink
    place TEXT NOT NULL,             -- which page, batch or record
    is_set INTEGER NOT NULL CHECK (is_set IN (0, 1)), -- 1 while the step is under way
    ends INTEGER NOT NULL DEFAULT 0, -- how often the process ended uncleanly under this mark
    at_ms INTEGER NOT NULL,          -- when it was set last
    PRIMARY KEY (step, subject, place)
) STRICT, WITHOUT ROWID;

-- What had been counted at a moment: a row a minute while a daemon runs, for two days. Charts and rates are made
-- of them; where none are, no daemon ran.
CREATE TABLE stream_sample (
    at_ms INTEGER NOT NULL,          -- when, local clock
    stream_id INTEGER NOT NULL REFERENCES stream (id) ON DELETE CASCADE, -- which stream
    inserted INTEGER NOT NULL,       -- its stream.inserted then
    PRIMARY KEY (at_ms, stream_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sink_sample (
    at_ms INTEGER NOT NULL,          -- when, local clock
    sink_id INTEGER NOT NULL REFERENCES sink (id) ON DELETE CASCADE, -- which sink
    settled INTEGER NOT NULL,        -- events settled for it until then, live and by replays
    waiting INTEGER NOT NULL,        -- events that waited for it
    PRIMARY KEY (at_ms, sink_id)
) STRICT, WITHOUT ROWID;

-- Views --------------------------------------------------------------------------------------------------

-- Every event with readable times and its raw record. For windows use occurred_ms or created_ms together
-- with stream_id: those have indexes.
CREATE VIEW events AS
SELECT e.seq, t.name AS stream, e.external_id AS id,
    CASE e.kind WHEN 1 THEN 'activity' ELSE 'alert' END AS kind,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.occurred_ms / 1000.0, 'unixepoch') AS occurred,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.created_ms / 1000.0, 'unixepoch') AS created,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.fetched_ms / 1000.0, 'unixepoch') AS fetched,
    CASE e.severity WHEN 0 THEN 'low' WHEN 1 THEN 'medium' WHEN 2 THEN 'high' WHEN 3 THEN 'informational' END
        AS severity,
    e.category, e.action, e.message, e.user_name, e.app_name, e.app_id, e.ip, e.country, e.user_agent,
    e.objects, e.policies, e.link, e.readable, r.raw, e.stream_id, e.occurred_ms, e.created_ms, e.fetched_ms,
    e.window_id
FROM event e
JOIN stream t ON t.id = e.stream_id
LEFT JOIN record r ON r.seq = e.seq;

-- What waits for each sink, by stream: how many events, which is the oldest, and how long it has waited here.
CREATE VIEW backlog AS
SELECT k.name AS sink, t.name AS stream, s.state, t.inserted - s.passed AS waiting, o.seq AS oldest_seq,
    o.external_id AS oldest_id,
    strftime('%Y-%m-%dT%H:%M:%fZ', o.occurred_ms / 1000.0, 'unixepoch') AS oldest_occurred,
    strftime('%Y-%m-%dT%H:%M:%fZ', o.fetched_ms / 1000.0, 'unixepoch') AS oldest_fetched,
    max(0, CAST((julianday('now') - 2440587.5) * 86400 AS INTEGER) - o.fetched_ms / 1000) AS oldest_age_seconds
FROM subscription s
JOIN sink k ON k.id = s.sink_id
JOIN stream t ON t.id = s.stream_id
LEFT JOIN event o ON o.seq =
    (SELECT min(n.seq) FROM event n WHERE n.stream_id = s.stream_id AND n.seq > s.watermark_seq)
ORDER BY k.name, t.name;

-- The ledger in words: each row speaks for every event of its stream from first_seq to last_seq.
-- `doubtful` 1: only the receiver's kernel had it, within 60 s before the last that was settled over its connection,
-- and that connection ended uncleanly: it broke, or the receiver did not close it.
CREATE VIEW deliveries AS
SELECT l.id, k.name AS sink, t.name AS stream, l.replay_id AS replay, l.first_seq, l.last_seq, l.events,
    l.outcome, l.evidence,
    (l.evidence IS 'kernel' AND c.how IS 'unclean' AND l.settled_ms >= coalesce(c.doubt_from_ms, 0)) AS doubtful,
    l.bytes, l.attempts,
    strftime('%Y-%m-%dT%H:%M:%fZ', l.sent_ms / 1000.0, 'unixepoch') AS sent,
    strftime('%Y-%m-%dT%H:%M:%fZ', l.settled_ms / 1000.0, 'unixepoch') AS settled,
    c.address, c.transport, l.connection_id AS connection, l.sent_ms, l.settled_ms
FROM ledger l
JOIN sink k ON k.id = l.sink_id
JOIN stream t ON t.id = l.stream_id
LEFT JOIN connection c ON c.id = l.connection_id;

-- What is not proved to be read, and what a sink can no longer have. kind `fetch`: no complete window with today's
-- filters covers this. Its state is `unproved` between a stream's start (or what retention has taken) and its cursor;
-- `open` from what has been read up to now, of a stream that has not been read for longer than its gap_after_ms;
-- `healing` once the source answers again, until all of it has been read. kind `delivery`, state `lost`: retention
-- took these before the sink, which had left the configuration, returned.
CREATE VIEW gaps AS
WITH edge (stream_id, from_ms, to_ms) AS (
    SELECT w.stream_id, w.from_ms, w.to_ms
    FROM stream t
    JOIN fetch_window w ON w.stream_id = t.id AND w.state = 'complete' AND w.filter_hash = t.filter_hash
    UNION ALL
    SELECT id, 0, max(start_ms, coalesce(pruned_to_ms, start_ms)) FROM stream WHERE start_ms IS NOT NULL
    UNION ALL
    SELECT id, since_ms, since_ms FROM stream WHERE start_ms IS NOT NULL AND since_ms IS NOT NULL
),
reach (stream_id, gap_from_ms, gap_to_ms) AS (
    SELECT stream_id,
        max(to_ms) OVER (
            PARTITION BY stream_id ORDER BY from_ms, to_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        from_ms
    FROM edge
),
clock (now_ms) AS (SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
ending (stream, from_ms, to_ms, state) AS (
    SELECT t.name, max(t.start_ms, coalesce(t.polled_to_ms, t.start_ms), coalesce(t.since_ms, t.start_ms)),
        CASE WHEN g.to_ms IS NULL OR t.polled_ms < c.now_ms - t.gap_after_ms THEN c.now_ms ELSE g.to_ms END,
        CASE WHEN g.to_ms IS NULL OR t.polled_ms < c.now_ms - t.gap_after_ms THEN 'open' ELSE 'healing' END
    FROM stream t CROSS JOIN clock c
    LEFT JOIN gap g ON g.stream_id = t.id AND g.healed_ms IS NULL
    WHERE t.is_configured = 1 AND t.start_ms IS NOT NULL
        AND (g.id IS NOT NULL OR t.polled_ms < c.now_ms - t.gap_after_ms)
)
SELECT 'fetch' AS kind, t.name AS stream, NULL AS sink,
    strftime('%Y-%m-%dT%H:%M:%fZ', g.gap_from_ms / 1000.0, 'unixepoch') AS "from",
    strftime('%Y-%m-%dT%H:%M:%fZ', g.gap_to_ms / 1000.0, 'unixepoch') AS "to",
    NULL AS events, g.gap_from_ms AS from_ms, g.gap_to_ms AS to_ms, 'unproved' AS state
FROM reach g
JOIN stream t ON t.id = g.stream_id
WHERE g.gap_from_ms < g.gap_to_ms AND g.gap_from_ms < t.since_ms
UNION ALL
SELECT 'fetch', stream, NULL,
    strftime('%Y-%m-%dT%H:%M:%fZ', from_ms / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', max(from_ms, to_ms) / 1000.0, 'unixepoch'),
    NULL, from_ms, max(from_ms, to_ms), state
FROM ending
WHERE state = 'open' OR from_ms < to_ms
UNION ALL
SELECT 'delivery', t.name, k.name,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.lost_from_ms / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', s.lost_to_ms / 1000.0, 'unixepoch'),
    s.lost, s.lost_from_ms, s.lost_to_ms, 'lost'
FROM subscription s
JOIN stream t ON t.id = s.stream_id
JOIN sink k ON k.id = s.sink_id
WHERE s.lost > 0;

-- Times in which a stream was not read when its turn was, as a daemon has noted them, kept after they healed (`gaps` has
-- those that lie open also while no daemon runs). state `open`: the source does not answer yet; `healing`: it does, and
-- is being read; `healed`: all of it has been read since.
CREATE VIEW coverage AS
SELECT t.name AS stream,
    strftime('%Y-%m-%dT%H:%M:%fZ', g.from_ms / 1000.0, 'unixepoch') AS "from",
    strftime('%Y-%m-%dT%H:%M:%fZ', g.to_ms / 1000.0, 'unixepoch') AS "to",
    CASE WHEN g.healed_ms IS NOT NULL THEN 'healed' WHEN g.to_ms IS NOT NULL THEN 'healing' ELSE 'open' END AS state,
    strftime('%Y-%m-%dT%H:%M:%fZ', g.noticed_ms / 1000.0, 'unixepoch') AS noticed,
    strftime('%Y-%m-%dT%H:%M:%fZ', g.healed_ms / 1000.0, 'unixepoch') AS healed,
    g.from_ms, g.to_ms, g.noticed_ms, g.healed_ms
FROM gap g
JOIN stream t ON t.id = g.stream_id;

-- Events a receiver will not take; they are kept until delivered or dismissed.
CREATE VIEW dead_letters AS
SELECT k.name AS sink, t.name AS stream, d.seq, e.external_id AS id, d.reason, d.detail, d.attempts,
    strftime('%Y-%m-%dT%H:%M:%fZ', d.at_ms / 1000.0, 'unixepoch') AS at,
    strftime('%Y-%m-%dT%H:%M:%fZ', d.dismissed_ms / 1000.0, 'unixepoch') AS dismissed,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.occurred_ms / 1000.0, 'unixepoch') AS occurred
FROM dead_letter d
JOIN sink k ON k.id = d.sink_id
JOIN stream t ON t.id = d.stream_id
JOIN event e ON e.seq = d.seq;

-- Replays with their progress; `sink` is the address where it is a destination of this replay alone.
CREATE VIEW replays AS
SELECT r.id, coalesce(r.destination, k.name) AS sink, r.destination, r.state, r.mode, r.basis,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.from_ms / 1000.0, 'unixepoch') AS "from",
    strftime('%Y-%m-%dT%H:%M:%fZ', r.to_ms / 1000.0, 'unixepoch') AS "to",
    r.total, r.sent, r.skipped,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.created_ms / 1000.0, 'unixepoch') AS created,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.finished_ms / 1000.0, 'unixepoch') AS finished,
    r.rate, r.refetch, r.reason
FROM replay r
JOIN sink k ON k.id = r.sink_id;

-- One line for each stream, sink and open notification: how it is, in the words of `spool status`, since when, and why.
CREATE VIEW health AS
SELECT 'stream' AS what, name, CASE is_configured WHEN 0 THEN 'left' ELSE state END AS state,
    strftime('%Y-%m-%dT%H:%M:%fZ', trouble_since_ms / 1000.0, 'unixepoch') AS since,
    strftime('%Y-%m-%dT%H:%M:%fZ', last_success_ms / 1000.0, 'unixepoch') AS last_success,
    last_error AS detail
FROM stream
WHERE replay_id IS NULL
UNION ALL
SELECT 'sink', name,
    CASE
        WHEN state NOT IN ('connected', 'retrying') OR trouble_since_ms IS NULL THEN state
        WHEN (julianday('now') - 2440587.5) * 86400000 - trouble_since_ms > disconnected_after_ms THEN 'disconnected'
        WHEN (julianday('now') - 2440587.5) * 86400000 - trouble_since_ms > connection_error_after_ms
            THEN 'connection error'
        WHEN state = 'connected' AND cuts = 0 THEN 'connected'
        ELSE 'retrying'
    END,
    strftime('%Y-%m-%dT%H:%M:%fZ',
        CASE WHEN state IN ('connected', 'retrying', 'held') THEN coalesce(trouble_since_ms, state_since_ms)
            ELSE state_since_ms END / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', last_success_ms / 1000.0, 'unixepoch'),
    last_error
FROM sink
WHERE replay_id IS NULL
UNION ALL
SELECT 'notification', trim(code || ' ' || subject), severity,
    strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch'), NULL, message
FROM notification
WHERE cleared_ms IS NULL;

-- Proofs, one line each; what each found missing is in proof_missing (at most 10,000 ids of one stream, sink and cause).
CREATE VIEW proofs AS
SELECT id, reason, state,
    strftime('%Y-%m-%dT%H:%M:%fZ', from_ms / 1000.0, 'unixepoch') AS "from",
    strftime('%Y-%m-%dT%H:%M:%fZ', to_ms / 1000.0, 'unixepoch') AS "to",
    events, missing, complete,
    strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000.0, 'unixepoch') AS started,
    strftime('%Y-%m-%dT%H:%M:%fZ', finished_ms / 1000.0, 'unixepoch') AS finished
FROM proof;
