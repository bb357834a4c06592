-- text, postgres; p0 = 'ß', p1 = 'ß', p2 = 'ß', p3 = 'ß', p4 = 'ß'
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
    "a"."name" = %(p0)s
    OR "a"."name" COLLATE "C" > %(p1)s
    OR POSITION(%(p2)s IN "a"."name") > 0
    OR STARTS_WITH("a"."name", %(p3)s)
    OR RIGHT("a"."name", LENGTH(%(p4)s)) = %(p4)s
  )
