-- The ids of events that retention has deleted, for as long as audits look back. A proof and a later page tell by them
-- whether an id that the spool does not have was deleted here, or never fetched.

CREATE TABLE pruned (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- order of deletion
    stream_id INTEGER NOT NULL REFERENCES stream (id) ON DELETE CASCADE, -- the stream of the events
    sink_id INTEGER REFERENCES sink (id) ON DELETE CASCADE, -- NULL: deleted events; otherwise those of them whose delivery to this sink was doubtful
    from_ms INTEGER NOT NULL,        -- the oldest of the events, on the stream's basis
    to_ms INTEGER NOT NULL,          -- the newest of them
    events INTEGER NOT NULL,         -- how many
    ids BLOB NOT NULL                -- for each event the first 8 bytes of the SHA-256 of its id
) STRICT;

-- Ids of a window, and those that are too old to be kept.
CREATE INDEX pruned_time ON pruned (stream_id, to_ms);

-- From here on the ids of all deleted events are in `pruned`; NULL: none was deleted without that.
ALTER TABLE stream ADD COLUMN pruned_ids_from_ms INTEGER;

UPDATE stream SET pruned_ids_from_ms = pruned_to_ms;
