// The page's words in the reader's language: written in English here, looked up in what the server gave.
let known = {};

export function setWords(words) { known = words || {}; }

export function t(text, values = {}) {
  return (known[text] || text).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value === "boolean") element[name] = value;
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SPRITE = document.querySelector("[data-sprite]")?.dataset.sprite;

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${SPRITE}#tabler-${name}`);
  svg.append(use);
  return svg;
}

export function button(label, symbol, handler, extra = {}) {
  const shown = extra.text ? ` ${extra.text}` : "";
  return make("button", { type: "button", class: "btn btn-sm", "aria-label": label, title: label, ...extra.attributes, onclick: handler }, icon(symbol), shown);
}
