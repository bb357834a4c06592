-- negated, duckdb; p0 = datetime.date(2024, 1, 1), p1 = 3
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    "c_gold" AS "gold",
    "c_id" AS "id"
  FROM "t_customers"
), "twain_orders" AS NOT MATERIALIZED (
  SELECT
    "c_customer_id" AS "customer_id",
    CAST("c_ordered" AS DATE) AS "ordered"
  FROM "t_orders"
), "twain_filterable_customers" AS NOT MATERIALIZED (
  SELECT
    "c_id" AS "id",
    CAST("c_email" AS TEXT) AS "email",
    "c_agreed" AS "agreed",
    CAST("c_zone" AS TEXT) AS "zone",
    CAST("c_tongue" AS TEXT) AS "tongue",
    CAST("c_name" AS TEXT) AS "name",
    CAST("c_country" AS TEXT) AS "country",
    "c_visits" AS "visits",
    "c_spent" AS "spent",
    "c_gold" AS "gold",
    CAST("c_birthday" AS DATE) AS "birthday",
    "c_seen" AS "seen",
    CAST("c_note" AS TEXT) AS "note"
  FROM "t_customers"
), "twain_fragment_vip"("key") AS (
  SELECT
    "id"
  FROM "twain_filterable_customers" AS customers
  WHERE
    "visits" > 9
)
SELECT
  COUNT(*) AS "count"
FROM "twain_customers" AS a
WHERE
  NOT (
    (
      COALESCE((
        "a"."gold" = TRUE
      ), FALSE)
      AND EXISTS(
        SELECT
          1
        FROM (
          SELECT
            "r1"."customer_id" AS "key"
          FROM "twain_orders" AS r1
          WHERE
            "r1"."ordered" >= $p0 AND NOT "r1"."customer_id" IS NULL
          GROUP BY
            "r1"."customer_id"
          HAVING
            COUNT(*) >= $p1
        ) AS k2
        WHERE
          "k2"."key" = "a"."id"
      )
      AND EXISTS(
        SELECT
          1
        FROM (
          SELECT
            "key"
          FROM "twain_fragment_vip"
        ) AS k3
        WHERE
          "k3"."key" = "a"."id"
      )
    )
  )
