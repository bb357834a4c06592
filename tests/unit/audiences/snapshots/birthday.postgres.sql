-- birthday, postgres; p0 = 228, p1 = 229, p2 = datetime.date(2023, 2, 28), p3 = 'Pacific/Auckland', p4 = 301, p5 = datetime.date(2023, 3, 1)
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    CAST("c_birthday" AS DATE) AS "birthday",
    CAST("c_zone" AS TEXT) AS "zone"
  FROM "t_customers"
)
SELECT
  COUNT(*) AS "count"
FROM "twain_customers" AS a
WHERE
  CASE
    WHEN "a"."zone" IN (%(p3)s)
    THEN (
      (
        EXTRACT(MONTH FROM "a"."birthday") * 100 + EXTRACT(DAY FROM "a"."birthday")
      ) IN (%(p4)s)
      AND "a"."birthday" < %(p5)s
    )
    ELSE (
      (
        EXTRACT(MONTH FROM "a"."birthday") * 100 + EXTRACT(DAY FROM "a"."birthday")
      ) IN (%(p0)s, %(p1)s)
      AND "a"."birthday" < %(p2)s
    )
  END = TRUE
