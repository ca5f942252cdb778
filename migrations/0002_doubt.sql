-- Doubt after an unclean end is measured in bytes, and ids are never used twice.

-- Bytes settled over its connection up to the end of a row; NULL in rows that are older than this column.
ALTER TABLE ledger ADD COLUMN position INTEGER;
-- Bytes settled over a connection, those of all lanes; moves in the transaction of each settlement.
ALTER TABLE connection ADD COLUMN settled_bytes INTEGER NOT NULL DEFAULT 0;
-- The most bytes that may lie unread in the receiver's kernel; NULL for connections that are older than this column:
-- all they carried is then doubtful after an unclean end. doubt_from_ms is no longer written.
ALTER TABLE connection ADD COLUMN doubt_bytes INTEGER;
-- Why the ends of a sink's connections suggest that its receiver does not read what it takes; NULL when they do not.
ALTER TABLE sink ADD COLUMN suspicion TEXT;

-- Rows refer to these ids, and what is under way in the process names them: an id that was deleted and given out again
-- would credit one connection, sink, stream or window with what another has done.
CREATE TABLE last_id (
    name TEXT PRIMARY KEY,           -- the table
    id INTEGER NOT NULL              -- the greatest id that it has ever given out
) STRICT, WITHOUT ROWID;

INSERT INTO last_id (name, id) VALUES
    ('connection', max(coalesce((SELECT max(id) FROM connection), 0),
        coalesce((SELECT max(connection_id) FROM ledger), 0))),
    ('sink', coalesce((SELECT max(id) FROM sink), 0)),
    ('stream', coalesce((SELECT max(id) FROM stream), 0)),
    ('fetch_window', max(coalesce((SELECT max(id) FROM fetch_window), 0),
        -- Not of all events, which would read the whole table: older ones have older windows.
        coalesce((SELECT max(window_id) FROM (SELECT window_id FROM event ORDER BY seq DESC LIMIT 100000)), 0)));

CREATE TRIGGER connection_id AFTER INSERT ON connection BEGIN
    SELECT RAISE(ABORT, 'this connection id has been used before')
        WHERE new.id <= (SELECT id FROM last_id WHERE name = 'connection');
    UPDATE last_id SET id = new.id WHERE name = 'connection';
END;

CREATE TRIGGER sink_id AFTER INSERT ON sink BEGIN
    SELECT RAISE(ABORT, 'this sink id has been used before')
        WHERE new.id <= (SELECT id FROM last_id WHERE name = 'sink');
    UPDATE last_id SET id = new.id WHERE name = 'sink';
END;

CREATE TRIGGER stream_id AFTER INSERT ON stream BEGIN
    SELECT RAISE(ABORT, 'this stream id has been used before')
        WHERE new.id <= (SELECT id FROM last_id WHERE name = 'stream');
    UPDATE last_id SET id = new.id WHERE name = 'stream';
END;

CREATE TRIGGER fetch_window_id AFTER INSERT ON fetch_window BEGIN
    SELECT RAISE(ABORT, 'this window id has been used before')
        WHERE new.id <= (SELECT id FROM last_id WHERE name = 'fetch_window');
    UPDATE last_id SET id = new.id WHERE name = 'fetch_window';
END;

-- The ledger in words: each row speaks for every event of its stream from first_seq to last_seq.
-- Of rows whose only evidence is that the receiver's kernel took them: `doubtful` 1: their connection ended uncleanly
-- (it broke, or the receiver did not close it), and their bytes may have lain unread in that kernel, since fewer than
-- doubt_bytes were settled over it after them. `pending` 1: the same, on a connection that is still open, so that its end
-- has yet to tell. Both 0: the receiver closed the connection cleanly, or so many bytes followed.
DROP VIEW deliveries;
CREATE VIEW deliveries AS
SELECT l.id, k.name AS sink, t.name AS stream, l.replay_id AS replay, l.first_seq, l.last_seq, l.events,
    l.outcome, l.evidence,
    (l.evidence IS 'kernel' AND (c.how IS 'unclean' OR c.id IS NULL)
        AND coalesce(l.position + c.doubt_bytes > c.settled_bytes, 1)) AS doubtful,
    l.bytes, l.attempts,
    strftime('%Y-%m-%dT%H:%M:%fZ', l.sent_ms / 1000.0, 'unixepoch') AS sent,
    strftime('%Y-%m-%dT%H:%M:%fZ', l.settled_ms / 1000.0, 'unixepoch') AS settled,
    c.address, c.transport, l.connection_id AS connection, l.sent_ms, l.settled_ms,
    (l.evidence IS 'kernel' AND c.id IS NOT NULL AND c.how IS NULL
        AND coalesce(l.position + c.doubt_bytes > c.settled_bytes, 1)) AS pending
FROM ledger l
JOIN sink k ON k.id = l.sink_id
JOIN stream t ON t.id = l.stream_id
LEFT JOIN connection c ON c.id = l.connection_id;

-- One line for each stream, sink and open notification: how it is, in the words of `spool status`, since when, and why.
-- A sink is `doubtful` while it is connected and the ends of its connections do not show that its receiver reads.
DROP VIEW health;
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
        WHEN state = 'connected' AND trouble_since_ms IS NULL AND suspicion IS NOT NULL THEN 'doubtful'
        WHEN state NOT IN ('connected', 'retrying') OR trouble_since_ms IS NULL THEN state
        WHEN (julianday('now') - 2440587.5) * 86400000 - trouble_since_ms > disconnected_after_ms THEN 'disconnected'
        WHEN (julianday('now') - 2440587.5) * 86400000 - trouble_since_ms > connection_error_after_ms
            THEN 'connection error'
        WHEN state = 'connected' AND cuts = 0 THEN CASE WHEN suspicion IS NULL THEN 'connected' ELSE 'doubtful' END
        ELSE 'retrying'
    END,
    strftime('%Y-%m-%dT%H:%M:%fZ',
        CASE WHEN state IN ('connected', 'retrying', 'held') THEN coalesce(trouble_since_ms, state_since_ms)
            ELSE state_since_ms END / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', last_success_ms / 1000.0, 'unixepoch'),
    coalesce(last_error, suspicion)
FROM sink
WHERE replay_id IS NULL
UNION ALL
SELECT 'notification', trim(code || ' ' || subject), severity,
    strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch'), NULL, message
FROM notification
WHERE cleared_ms IS NULL;
