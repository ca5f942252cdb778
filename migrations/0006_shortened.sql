-- Messages that were shortened to keep a limit: which ones, for `spool trace`, and how many, for metrics.

ALTER TABLE ledger ADD COLUMN cut TEXT; -- JSON array of the seqs of the range whose message was shortened; NULL: none

ALTER TABLE sink ADD COLUMN cut INTEGER NOT NULL DEFAULT 0; -- messages ever sent shortened, replays included

-- Events that a sink was sent in a shortened message. The spool keeps the whole record.
CREATE VIEW shortened AS
SELECT k.name AS sink, t.name AS stream, CAST(c.value AS INTEGER) AS seq, e.external_id AS id, l.replay_id AS replay,
    length(CAST(r.raw AS BLOB)) AS record_bytes,
    strftime('%Y-%m-%dT%H:%M:%fZ', l.sent_ms / 1000.0, 'unixepoch') AS sent, l.id AS ledger_row, l.sent_ms
FROM ledger l
JOIN json_each(l.cut) c
JOIN sink k ON k.id = l.sink_id
JOIN stream t ON t.id = l.stream_id
LEFT JOIN event e ON e.seq = c.value
LEFT JOIN record r ON r.seq = e.seq
WHERE l.cut IS NOT NULL;
