-- Everything one home did in the last year, in order. A lead may have several: ask for each.
SELECT timestamp, event_type, event_id, properties, context, traits, links, edit
FROM events
WHERE tenant = 'demo'
  AND dt >= CAST(CAST(current_date - INTERVAL '365' DAY AS date) AS varchar)
  AND home = 'lead_aeaqcaibaeaqcaibaeaqcaibae'
ORDER BY timestamp, event_id
