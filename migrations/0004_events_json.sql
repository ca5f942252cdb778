-- The view `events` has the column `json`: the record as it came where it could be read, otherwise NULL. One record that
-- is not JSON made every query with json_extract(raw, ...) fail. Only JSON can be read; json_valid() is no way to ask, since
-- SQLite refuses it in a view where the schema is not trusted.
DROP VIEW events;
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
    e.window_id, CASE e.readable WHEN 1 THEN r.raw END AS json
FROM event e
JOIN stream t ON t.id = e.stream_id
LEFT JOIN record r ON r.seq = e.seq;
