-- text, duckdb; p0 = 'ß', p1 = 'ß', p2 = 'ß', p3 = 'ß', p4 = 'ß'
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    CAST("c_name" AS TEXT) AS "name"
  FROM "t_customers"
)
SELECT
  COUNT(*) AS "count"
FROM "twain_customers" AS a
WHERE
  (
    "a"."name" = $p0
    OR "a"."name" > $p1
    OR STRPOS("a"."name", $p2) > 0
    OR STARTS_WITH("a"."name", $p3)
    OR RIGHT("a"."name", LENGTH($p4)) = $p4
  )
