-- What happened how often in the last 30 days, and to how many.
SELECT dt, event_type, count(*) AS events, count(DISTINCT home) AS homes
FROM events
WHERE tenant = 'demo'
  AND dt >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
GROUP BY dt, event_type
ORDER BY dt, events DESC, event_type
