-- What retention deleted before a sink had received it is a finding of its own: `lost`.

ALTER TABLE pruned ADD COLUMN lost INTEGER NOT NULL DEFAULT 0; -- with sink_id: 1 if the events were deleted before this sink had received them; 0: their delivery was doubtful

-- Earlier versions did not note which deleted events a sink had lost. For the time of such losses the ids are given up:
-- events deleted there are no longer provable, instead of counting as settled everywhere.
UPDATE stream SET pruned_ids_from_ms = max(
    coalesce(pruned_ids_from_ms, 0),
    1 + max(
        (SELECT max(s.lost_to_ms) FROM subscription s WHERE s.stream_id = stream.id AND s.lost > 0),
        coalesce((SELECT max(p.to_ms) FROM pruned p WHERE p.stream_id = stream.id AND p.from_ms <=
            (SELECT max(s.lost_to_ms) FROM subscription s WHERE s.stream_id = stream.id AND s.lost > 0)), 0)))
WHERE EXISTS (SELECT 1 FROM subscription s WHERE s.stream_id = stream.id AND s.lost > 0);
DELETE FROM pruned WHERE from_ms <=
    (SELECT max(s.lost_to_ms) FROM subscription s WHERE s.stream_id = pruned.stream_id AND s.lost > 0);

-- SQLite cannot change a CHECK: the table is made again with the cause `lost`.
CREATE TABLE proof_missing_causes (
    proof_id INTEGER NOT NULL REFERENCES proof (id) ON DELETE CASCADE, -- the proof that found it missing
    stream TEXT NOT NULL,            -- its stream
    sink TEXT NOT NULL,              -- where it is missing; empty: it was never fetched
    cause TEXT NOT NULL CHECK (cause IN ('never-fetched', 'unsettled', 'dead-letter', 'doubtful', 'lost')), -- why
    external_id TEXT NOT NULL,       -- the source's id
    seq INTEGER,                     -- its place in the spool; NULL when it was never fetched, or has been deleted
    PRIMARY KEY (proof_id, stream, sink, cause, external_id)
) STRICT, WITHOUT ROWID;
INSERT INTO proof_missing_causes SELECT * FROM proof_missing;
DROP TABLE proof_missing;
ALTER TABLE proof_missing_causes RENAME TO proof_missing;

-- A finding of an audit stays open until a proof has compared the same window again and found nothing missing in it.
ALTER TABLE proof ADD COLUMN is_open INTEGER NOT NULL DEFAULT 0; -- 1: an audit that found missing events, until a later proof covers that

UPDATE proof SET is_open = 1
WHERE id = (SELECT max(id) FROM proof WHERE reason = 'audit' AND missing > 0) AND EXISTS (
    SELECT 1 FROM notification WHERE code = 'Proof found missing events' AND cleared_ms IS NULL);

-- A replay to a sink that an earlier version had forgotten could never end, and kept its events.
UPDATE replay SET state = 'cancelled',
    moved_ms = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER),
    finished_ms = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER),
    reason = 'Sink ' || (SELECT substr(k.name, 1, instr(k.name, '@forgotten-') - 1) FROM sink k
        WHERE k.id = replay.sink_id) || ' was forgotten.'
WHERE state IN ('running', 'paused') AND sink_id IN (
    SELECT id FROM sink WHERE replay_id = 0 AND name LIKE '%@forgotten-%');
