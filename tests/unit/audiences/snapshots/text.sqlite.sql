-- text, sqlite; p0 = 'ß', p1 = 'ß', p2 = 'ß', p3 = 'ß', p4 = 'ß'
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    "c_name" AS "name"
  FROM "main"."t_customers"
)
SELECT
  COUNT(*) AS "count"
FROM "twain_customers" AS a
WHERE
  (
    "a"."name" = :p0
    OR "a"."name" > :p1
    OR INSTR("a"."name", :p2) > 0
    OR SUBSTRING("a"."name", 1, LENGTH(:p3)) = :p3
    OR SUBSTRING("a"."name", -LENGTH(:p4)) = :p4
  )
