-- What happened to the spool's file, and what spool did about it: a row for each time it was repaired or restored.
CREATE TABLE recovery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- order of recovery
    at_ms INTEGER NOT NULL,          -- when, local clock
    kind TEXT NOT NULL CHECK (kind IN ('damaged', 'missing', 'older', 'replaced')), -- the file was damaged; was gone; was an older copy of this spool; was another spool
    cause TEXT NOT NULL,             -- what was found
    moved_to TEXT,                   -- where the old file is; NULL when there is none
    kept INTEGER NOT NULL,           -- events that were in the new file at first
    lost INTEGER,                    -- events that the old file had, or should have had, and that are not in the new one; NULL: unknown
    done_ms INTEGER                  -- when all of its windows had been read again; NULL before
) STRICT;

-- The windows that a recovery makes spool read again, each record being inserted unless the spool has it.
CREATE TABLE recovery_window (
    recovery_id INTEGER NOT NULL REFERENCES recovery (id) ON DELETE CASCADE, -- the recovery
    stream TEXT NOT NULL,            -- the stream
    from_ms INTEGER NOT NULL,        -- window, inclusive, on the stream's basis
    polls_from_ms INTEGER NOT NULL,  -- sweeps read the window up to here, polls from here on
    to_ms INTEGER NOT NULL,          -- window, exclusive: where the stream's cursor was
    PRIMARY KEY (recovery_id, stream)
) STRICT, WITHOUT ROWID;
