-- related, sqlite; p0 = '2024-01-01', p1 = 3, p2 = 'Metal', p3 = 2
WITH "twain_customers" AS NOT MATERIALIZED (
  SELECT
    "c_id" AS "id",
    "c_email" AS "email",
    "c_agreed" AS "agreed",
    "c_zone" AS "zone",
    "c_tongue" AS "tongue",
    "c_name" AS "name",
    "c_gold" AS "gold"
  FROM "main"."t_customers"
), "twain_orders" AS NOT MATERIALIZED (
  SELECT
    "c_customer_id" AS "customer_id",
    DATE("c_ordered") AS "ordered",
    "c_id" AS "id",
    "c_title" AS "title",
    "c_total" AS "total",
    "c_paid" AS "paid"
  FROM "main"."t_orders"
), "twain_lines" AS NOT MATERIALIZED (
  SELECT
    "c_order_id" AS "order_id",
    "c_genre" AS "genre"
  FROM "main"."t_lines"
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
      AND "a"."id" IN (
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
      AND NOT COALESCE(
        (
          "a"."id" IN (
            SELECT
              "k"."key"
            FROM (
              SELECT
                "r2"."customer_id" AS "key"
              FROM "twain_orders" AS r2
              WHERE
                "r2"."id" IN (
                  SELECT
                    "k"."key"
                  FROM (
                    SELECT
                      "r3"."order_id" AS "key"
                    FROM "twain_lines" AS r3
                    WHERE
                      "r3"."genre" = :p2 AND NOT "r3"."order_id" IS NULL
                  ) AS k
                  WHERE
                    NOT "k"."key" IS NULL
                )
                AND NOT "r2"."customer_id" IS NULL
            ) AS k
            WHERE
              NOT "k"."key" IS NULL
          )
        ),
        FALSE
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
  COALESCE("related5"."value", '[]') AS "last",
  COALESCE("related6"."value1", 0) AS "bought",
  "related8"."value" AS "favourite"
FROM "twain_audience" AS a
LEFT JOIN (
  SELECT
    "twain_key",
    JSON_GROUP_ARRAY(
      JSON_OBJECT(
        'title', "rows_"."title",
        'total', "rows_"."total",
        'paid', JSON(
          CASE
            WHEN NOT "rows_"."paid" IS NULL
            THEN CASE WHEN "rows_"."paid" THEN 'true' ELSE 'false' END
            ELSE 'null'
          END
        )
      )
    ) AS "value"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "related4_rows"."customer_id" AS "twain_key",
        "related4_rows"."title",
        "related4_rows"."total",
        "related4_rows"."paid",
        ROW_NUMBER() OVER (
          PARTITION BY "related4_rows"."customer_id"
          ORDER BY "related4_rows"."ordered" DESC, "related4_rows"."id" ASC NULLS LAST
        ) AS "twain_number"
      FROM "twain_orders" AS related4_rows
      WHERE
        "related4_rows"."customer_id" IN (
          SELECT
            "twain_join_id"
          FROM "twain_audience"
        )
    ) AS numbered
    WHERE
      "twain_number" <= :p3
    ORDER BY
      "twain_key",
      "twain_number"
  ) AS rows_
  GROUP BY
    "twain_key"
) AS related5
  ON "related5"."twain_key" = "a"."twain_join_id"
LEFT JOIN (
  SELECT
    "twain_key",
    "value"
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (
        PARTITION BY "c"."twain_key"
        ORDER BY "c"."amount" DESC, "c"."value" ASC NULLS LAST
      ) AS "twain_number"
    FROM (
      SELECT
        "related7_rows"."customer_id" AS "twain_key",
        "related7_rows"."title" AS "value",
        COUNT(*) AS "amount"
      FROM "twain_orders" AS related7_rows
      WHERE
        "related7_rows"."customer_id" IN (
          SELECT
            "twain_join_id"
          FROM "twain_audience"
        )
        AND NOT "related7_rows"."title" IS NULL
      GROUP BY
        "related7_rows"."customer_id",
        "related7_rows"."title"
    ) AS c
  ) AS numbered
  WHERE
    "twain_number" = 1
) AS related8
  ON "related8"."twain_key" = "a"."twain_join_id"
LEFT JOIN (
  SELECT
    "related6_rows"."customer_id" AS "twain_key",
    COUNT(*) AS "value1"
  FROM "twain_orders" AS related6_rows
  WHERE
    "related6_rows"."customer_id" IN (
      SELECT
        "twain_join_id"
      FROM "twain_audience"
    )
  GROUP BY
    "related6_rows"."customer_id"
) AS related6
  ON "related6"."twain_key" = "a"."twain_join_id"
