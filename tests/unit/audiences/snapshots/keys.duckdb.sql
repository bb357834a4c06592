-- keys, duckdb; p0 = datetime.datetime(2023, 2, 21, 0, 0), p1 = datetime.datetime(2023, 3, 1, 0, 0), p2 = 1, p3 = 2
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    "c_id" AS "id",
    CAST("c_email" AS TEXT) AS "email",
    "c_agreed" AS "agreed",
    CAST("c_zone" AS TEXT) AS "zone",
    CAST("c_tongue" AS TEXT) AS "tongue",
    "c_seen" AS "seen"
  FROM "t_customers"
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
    "a"."seen" >= $p0 AND "a"."seen" < $p1
  ) AND "a"."id" IN ($p2, $p3)
