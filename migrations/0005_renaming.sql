-- Which `renamed_from` has been carried out, so that it may stay in the configuration: without this a later start could
-- not tell a rename that is done from one that is new, and would exchange two swapped names again.
CREATE TABLE renaming (
    what TEXT NOT NULL CHECK (what IN ('sink', 'stream')), -- which table `id` refers to
    id INTEGER NOT NULL,             -- the sink or stream that has the new name
    old_name TEXT NOT NULL,          -- its `renamed_from`, carried out; the row goes when the setting goes
    PRIMARY KEY (what, id)
) STRICT, WITHOUT ROWID;

-- A forgotten sink or stream gives its name free: it is called `NAME@forgotten-ID` from then on, keeps its ledger, and
-- belongs to no configuration (`replay_id` 0, as no replay is). Sinks forgotten by earlier versions kept their names.
UPDATE dead_letter SET dismissed_ms = at_ms
WHERE dismissed_ms IS NULL AND sink_id IN (
    SELECT k.id FROM sink k
    WHERE k.state = 'disabled' AND k.replay_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.sink_id = k.id)
);
UPDATE sink SET name = name || '@forgotten-' || id, replay_id = 0
WHERE state = 'disabled' AND replay_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.sink_id = sink.id);
