-- keys, sqlite; p0 = 1, p1 = 2, p2 = '2023-02-21 00:00:00.000', p3 = '2023-03-01 00:00:00.000', p4 = '2024-01-01', p5 = 3
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    "c_id" AS "id",
    "c_email" AS "email",
    "c_agreed" AS "agreed",
    "c_zone" AS "zone",
    "c_tongue" AS "tongue",
    STRFTIME('%Y-%m-%d %H:%M:%f', "c_seen") AS "seen"
  FROM "main"."t_customers"
), "twain_orders" AS NOT MATERIALIZED (
  SELECT
    "c_customer_id" AS "customer_id",
    DATE("c_ordered") AS "ordered"
  FROM "main"."t_orders"
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
      "a"."seen" >= :p2 AND "a"."seen" < :p3
    )
    AND "a"."id" IN (
      SELECT
        "k"."key"
      FROM (
        SELECT
          "r1"."customer_id" AS "key"
        FROM "twain_orders" AS r1
        WHERE
          (
            "r1"."ordered" >= :p4 AND "r1"."customer_id" IN (:p0, :p1)
          )
          AND NOT "r1"."customer_id" IS NULL
        GROUP BY
          "r1"."customer_id"
        HAVING
          COUNT(*) >= :p5
      ) AS k
      WHERE
        NOT "k"."key" IS NULL
    )
  )
  AND "a"."id" IN (:p0, :p1)
