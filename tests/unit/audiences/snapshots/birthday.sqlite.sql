-- birthday, sqlite; p0 = 228, p1 = 229, p2 = '2023-02-28', p3 = 'Pacific/Auckland', p4 = 301, p5 = '2023-03-01'
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    DATE("c_birthday") AS "birthday",
    "c_zone" AS "zone"
  FROM "main"."t_customers"
)
SELECT
  COUNT(*) AS "count"
FROM "twain_customers" AS a
WHERE
  CASE
    WHEN "a"."zone" IN (:p3)
    THEN (
      (
        CAST(SUBSTRING("a"."birthday", 6, 2) AS INTEGER) * 100 + CAST(SUBSTRING("a"."birthday", 9, 2) AS INTEGER)
      ) IN (:p4)
      AND "a"."birthday" < :p5
    )
    ELSE (
      (
        CAST(SUBSTRING("a"."birthday", 6, 2) AS INTEGER) * 100 + CAST(SUBSTRING("a"."birthday", 9, 2) AS INTEGER)
      ) IN (:p0, :p1)
      AND "a"."birthday" < :p2
    )
  END = TRUE
