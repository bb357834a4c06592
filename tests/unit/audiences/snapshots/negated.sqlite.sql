-- negated, sqlite; p0 = '2024-01-01', p1 = 3
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    "c_gold" AS "gold",
    "c_id" AS "id"
  FROM "main"."t_customers"
), "twain_orders" AS NOT MATERIALIZED (
  SELECT
    "c_customer_id" AS "customer_id",
    DATE("c_ordered") AS "ordered"
  FROM "main"."t_orders"
), "twain_filterable_customers" AS NOT MATERIALIZED (
  SELECT
    "c_id" AS "id",
    "c_email" AS "email",
    "c_agreed" AS "agreed",
    "c_zone" AS "zone",
    "c_tongue" AS "tongue",
    "c_name" AS "name",
    "c_country" AS "country",
    "c_visits" AS "visits",
    "c_spent" AS "spent",
    "c_gold" AS "gold",
    DATE("c_birthday") AS "birthday",
    STRFTIME('%Y-%m-%d %H:%M:%f', "c_seen") AS "seen",
    "c_note" AS "note"
  FROM "main"."t_customers"
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
      AND COALESCE(
        (
          "a"."id" IN (
            SELECT
              "k"."key"
            FROM (
              SELECT
                "r1"."customer_id" AS "key"
              FROM "twain_orders" AS r1
              WHERE
                "r1"."ordered" >= :p0 AND NOT "r1"."customer_id" IS NULL
              GROUP BY
                "r1"."customer_id"
              HAVING
                COUNT(*) >= :p1
            ) AS k
            WHERE
              NOT "k"."key" IS NULL
          )
        ),
        FALSE
      )
      AND COALESCE(
        (
          "a"."id" IN (
            SELECT
              "k"."key"
            FROM (
              SELECT
                "key"
              FROM "twain_fragment_vip"
            ) AS k
            WHERE
              NOT "k"."key" IS NULL
          )
        ),
        FALSE
      )
    )
  )
