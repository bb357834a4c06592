-- keys, duckdb; p0 = 1, p1 = 2, p2 = datetime.datetime(2023, 2, 21, 0, 0), p3 = datetime.datetime(2023, 3, 1, 0, 0), p4 = datetime.date(2024, 1, 1), p5 = 3
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    "c_id" AS "id",
    CAST("c_email" AS TEXT) AS "email",
    "c_agreed" AS "agreed",
    CAST("c_zone" AS TEXT) AS "zone",
    CAST("c_tongue" AS TEXT) AS "tongue",
    "c_seen" AS "seen"
  FROM "t_customers"
), "twain_orders" AS NOT MATERIALIZED (
  SELECT
    "c_customer_id" AS "customer_id",
    CAST("c_ordered" AS DATE) AS "ordered"
  FROM "t_orders"
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
    (
      "a"."seen" >= $p2 AND "a"."seen" < $p3
    )
    AND EXISTS(
      SELECT
        1
      FROM (
        SELECT
          "r1"."customer_id" AS "key"
        FROM "twain_orders" AS r1
        WHERE
          (
            "r1"."ordered" >= $p4 AND "r1"."customer_id" IN ($p0, $p1)
          )
          AND NOT "r1"."customer_id" IS NULL
        GROUP BY
          "r1"."customer_id"
        HAVING
          COUNT(*) >= $p5
      ) AS k2
      WHERE
        "k2"."key" = "a"."id"
    )
  )
  AND "a"."id" IN ($p0, $p1)
