-- What was bought in the last 90 days, day by day. An order without a total counts by its revenue.
SELECT dt, count(*) AS purchases, count(DISTINCT home) AS buyers,
  sum(CAST(coalesce(json_extract_scalar(properties, '$.total'),
    json_extract_scalar(properties, '$.revenue')) AS double)) AS revenue
FROM events
WHERE tenant = 'demo'
  AND dt >= CAST(CAST(current_date - INTERVAL '90' DAY AS date) AS varchar)
  AND event_type = 'order_completed'
GROUP BY dt
ORDER BY dt
