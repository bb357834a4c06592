// What blocks, formats and comparisons are called on screen.
import { t } from "./words.js";

export const SYMBOLS = {
  text: "letter-case", heading: "heading", image: "photo", button: "circle-dot", columns: "columns-2", products: "list",
  condition: "route", divider: "separator", social: "share", footer: "signature", reusable: "template",
};

export function kindName(kind) {
  return {
    text: t("Text"), heading: t("Heading"), image: t("Picture"), button: t("Button"), columns: t("Columns"), products: t("List"),
    condition: t("Condition"), divider: t("Line"), social: t("Networks"), footer: t("Footer"), reusable: t("Reusable block"),
  }[kind];
}

export function formatName(format) {
  return {
    "": t("as it is"), upper: t("CAPITALS"), lower: t("small letters"), capital: t("First letter large"), whole: "1,235", decimals: "1,234.50",
    euro: "€1,234.50", dollar: "$1,234.50", pound: "£1,234.50", day: "31.12.2026", long_day: "31 December 2026", day_month: "31 December",
    weekday: t("the weekday"), year: "2026",
  }[format];
}

const FORMATS = {
  string: ["", "upper", "lower", "capital"],
  integer: ["", "whole", "euro", "dollar", "pound"],
  number: ["", "whole", "decimals", "euro", "dollar", "pound"],
  date: ["", "day", "long_day", "day_month", "weekday", "year"],
  timestamp: ["", "day", "long_day", "day_month", "weekday", "year"],
};

export function formatsOf(type) { return FORMATS[type] || [""]; }

export function opName(op) {
  return {
    is: t("is"), is_not: t("is not"), contains: t("contains"), more: t("is more than"), less: t("is less than"), at_least: t("is at least"),
    at_most: t("is at most"), present: t("is known"), missing: t("is missing"),
  }[op];
}

export function opsOf(type) {
  if (type === "integer" || type === "number") return ["is", "is_not", "more", "less", "at_least", "at_most", "present", "missing"];
  if (type === "string") return ["is", "is_not", "contains", "present", "missing"];
  if (type === "boolean") return ["is", "present", "missing"];
  return ["present", "missing"];
}

export function testInWords(test, fields) {
  const field = fields.fields.find((one) => one.name === test.field);
  const name = field ? field.business : test.field || "…";
  const value = test.op === "present" || test.op === "missing" ? "" : ` ${test.value === "" || test.value === undefined ? "…" : test.value}`;
  return `${name} ${opName(test.op)}${value}`;
}

export function conditionInWords(block, fields) {
  return block.tests.map((test) => testInWords(test, fields)).join(block.all ? t(" and ") : t(" or "));
}
