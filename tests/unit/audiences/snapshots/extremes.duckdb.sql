-- extremes, duckdb; p0 = 5
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
), "twain_matched" AS MATERIALIZED (
  SELECT
    "m"."id" AS "twain_key",
    "m"."name"
  FROM "twain_customers" AS m
  WHERE
    "m"."gold" = TRUE
), "twain_picks"("key") AS (
  SELECT
    "p"."twain_key"
  FROM (
    SELECT
      "twain_key"
    FROM "twain_matched"
    WHERE
      NOT "name" IS NULL
    ORDER BY
      LENGTH("name") DESC,
      "twain_key"
    LIMIT 1
  ) AS p
  UNION
  SELECT
    "p"."twain_key"
  FROM (
    SELECT
      "twain_key"
    FROM "twain_matched"
    WHERE
      NOT "name" IS NULL
    ORDER BY
      LENGTH("name") ASC,
      "twain_key"
    LIMIT 1
  ) AS p
  UNION
  SELECT
    "p"."twain_key"
  FROM (
    SELECT
      "twain_key"
    FROM "twain_matched"
    WHERE
      "name" IS NULL
    ORDER BY
      "twain_key"
    LIMIT 1
  ) AS p
)
SELECT
  CAST("a"."id" AS TEXT) AS "key",
  "a"."email" AS "address",
  "a"."agreed" AS "consent",
  "a"."zone" AS "timezone",
  "a"."tongue" AS "language",
  "a"."name" AS "name"
FROM "twain_customers" AS a
WHERE
  "a"."id" IN (
    SELECT
      "key"
    FROM "twain_picks"
  )
ORDER BY
  "a"."id"
LIMIT $p0
