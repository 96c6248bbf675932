-- The view `events`: every event once, its first received copy. Ask with a tenant and days:
-- WHERE tenant = 'demo' AND dt BETWEEN '2026-11-01' AND '2026-11-30'
SELECT tenant, dt, home, home_kind, event_id, event_type, timestamp, received_at,
properties, context, traits, links, edit
FROM (
SELECT *, row_number() OVER (PARTITION BY tenant, dt, home, event_id ORDER BY received_at) AS copy
FROM event_copies
)
WHERE copy = 1
