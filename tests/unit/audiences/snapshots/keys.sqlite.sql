-- keys, sqlite; p0 = '2023-02-21 00:00:00.000', p1 = '2023-03-01 00:00:00.000', p2 = 1, p3 = 2
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    "c_id" AS "id",
    "c_email" AS "email",
    "c_agreed" AS "agreed",
    "c_zone" AS "zone",
    "c_tongue" AS "tongue",
    STRFTIME('%Y-%m-%d %H:%M:%f', "c_seen") AS "seen"
  FROM "main"."t_customers"
)
SELECT
  CAST("a"."id" AS TEXT) AS "key",
  "a"."email" AS "address",
  "a"."agreed" AS "consent",
  "a"."zone" AS "timezone",
  "a"."tongue" AS "language"
FROM "twain_customers" AS a
WHERE
  (
    "a"."seen" >= :p0 AND "a"."seen" < :p1
  ) AND "a"."id" IN (:p2, :p3)
