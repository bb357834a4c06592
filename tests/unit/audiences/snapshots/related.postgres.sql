-- related, postgres; p0 = datetime.date(2024, 1, 1), p1 = 3, p2 = 'Metal', p3 = 2
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    "c_id" AS "id",
    CAST("c_email" AS TEXT) AS "email",
    "c_agreed" AS "agreed",
    CAST("c_zone" AS TEXT) AS "zone",
    CAST("c_tongue" AS TEXT) AS "tongue",
    CAST("c_name" AS TEXT) AS "name",
    "c_gold" AS "gold"
  FROM "t_customers"
), "twain_orders" AS NOT MATERIALIZED (
  SELECT
    "c_customer_id" AS "customer_id",
    CAST("c_ordered" AS DATE) AS "ordered",
    "c_id" AS "id",
    CAST("c_title" AS TEXT) AS "title",
    "c_total" AS "total",
    "c_paid" AS "paid"
  FROM "t_orders"
), "twain_lines" AS NOT MATERIALIZED (
  SELECT
    "c_order_id" AS "order_id",
    CAST("c_genre" AS TEXT) AS "genre"
  FROM "t_lines"
), "twain_audience" AS MATERIALIZED (
  SELECT
    CAST("a"."id" AS TEXT) AS "key",
    "a"."email" AS "address",
    "a"."agreed" AS "consent",
    "a"."zone" AS "timezone",
    "a"."tongue" AS "language",
    "a"."name" AS "name",
    "a"."id" AS "twain_join_id"
  FROM "twain_customers" AS a
  WHERE
    (
      "a"."gold" = TRUE
      AND EXISTS(
        SELECT
          1
        FROM (
          SELECT
            "r1"."customer_id" AS "key"
          FROM "twain_orders" AS r1
          WHERE
            "r1"."ordered" >= %(p0)s AND NOT "r1"."customer_id" IS NULL
          GROUP BY
            "r1"."customer_id"
          HAVING
            COUNT(*) >= %(p1)s
        ) AS k2
        WHERE
          "k2"."key" = "a"."id"
      )
      AND NOT EXISTS(
        SELECT
          1
        FROM "twain_orders" AS r3
        WHERE
          EXISTS(
            SELECT
              1
            FROM "twain_lines" AS r4
            WHERE
              "r4"."genre" = %(p2)s AND "r4"."order_id" = "r3"."id"
          )
          AND "r3"."customer_id" = "a"."id"
      )
    )
)
SELECT
  "a"."key",
  "a"."address",
  "a"."consent",
  "a"."timezone",
  "a"."language",
  "a"."name",
  COALESCE("related6"."value", '[]') AS "last",
  COALESCE("related7"."value1", 0) AS "bought",
  "related9"."value" AS "favourite"
FROM "twain_audience" AS a
LEFT JOIN (
  SELECT
    "twain_key",
    CAST(JSON_AGG(
      JSON_BUILD_OBJECT('title', "rows_"."title", 'total', "rows_"."total", 'paid', "rows_"."paid") ORDER BY "rows_"."twain_number"
    ) AS TEXT) AS "value"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "related5_rows"."customer_id" AS "twain_key",
        "related5_rows"."title",
        "related5_rows"."total",
        "related5_rows"."paid",
        ROW_NUMBER() OVER (
          PARTITION BY "related5_rows"."customer_id"
          ORDER BY "related5_rows"."ordered" DESC NULLS LAST, "related5_rows"."id" ASC
        ) AS "twain_number"
      FROM "twain_orders" AS related5_rows
      WHERE
        "related5_rows"."customer_id" IN (
          SELECT
            "twain_join_id"
          FROM "twain_audience"
        )
    ) AS numbered
    WHERE
      "twain_number" <= %(p3)s
  ) AS rows_
  GROUP BY
    "twain_key"
) AS related6
  ON "related6"."twain_key" = "a"."twain_join_id"
LEFT JOIN (
  SELECT
    "twain_key",
    "value"
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (
        PARTITION BY "c"."twain_key"
        ORDER BY "c"."amount" DESC NULLS LAST, "c"."value" COLLATE "C" ASC
      ) AS "twain_number"
    FROM (
      SELECT
        "related8_rows"."customer_id" AS "twain_key",
        "related8_rows"."title" AS "value",
        COUNT(*) AS "amount"
      FROM "twain_orders" AS related8_rows
      WHERE
        "related8_rows"."customer_id" IN (
          SELECT
            "twain_join_id"
          FROM "twain_audience"
        )
        AND NOT "related8_rows"."title" IS NULL
      GROUP BY
        "related8_rows"."customer_id",
        "related8_rows"."title"
    ) AS c
  ) AS numbered
  WHERE
    "twain_number" = 1
) AS related9
  ON "related9"."twain_key" = "a"."twain_join_id"
LEFT JOIN (
  SELECT
    "related7_rows"."customer_id" AS "twain_key",
    COUNT(*) AS "value1"
  FROM "twain_orders" AS related7_rows
  WHERE
    "related7_rows"."customer_id" IN (
      SELECT
        "twain_join_id"
      FROM "twain_audience"
    )
  GROUP BY
    "related7_rows"."customer_id"
) AS related7
  ON "related7"."twain_key" = "a"."twain_join_id"
