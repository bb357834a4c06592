// MJML's elements with their attributes and children (https://documentation.mjml.io), as the HTML completion takes them.
const sides = (name) => [name, ...["top", "right", "bottom", "left"].map((side) => `${name}-${side}`)];
const PADDING = sides("padding");
const BORDER = sides("border").concat("border-radius");
const TEXT = ["color", "font-family", "font-size", "font-style", "font-weight", "letter-spacing", "line-height",
  "text-decoration", "text-transform"];
const BACKGROUND = ["background-color", "background-url", "background-repeat", "background-size", "background-position"];
const FRAME = ["container-background-color", ...PADDING];
const ANCHOR = ["href", "target", "rel", "title", "name"];

const CHOICES = {
  align: ["left", "center", "right", "justify"],
  "background-repeat": ["repeat", "no-repeat"],
  direction: ["ltr", "rtl"],
  "fluid-on-mobile": ["true"],
  "font-style": ["normal", "italic"],
  "full-width": ["full-width"],
  inline: ["inline"],
  mode: ["fluid-height", "fixed-height"],
  "text-align": ["left", "center", "right"],
  "text-decoration": ["none", "underline", "line-through"],
  "text-transform": ["none", "capitalize", "uppercase", "lowercase"],
  "vertical-align": ["top", "middle", "bottom"],
};

function element(attributes, children) {
  const attrs = Object.fromEntries([...attributes, "css-class", "mj-class"].map((name) => [name, CHOICES[name] ?? null]));
  return { attrs, globalAttrs: false, ...(children ? { children } : {}) };
}

const IN_COLUMN = ["mj-text", "mj-image", "mj-button", "mj-divider", "mj-spacer", "mj-table", "mj-social", "mj-navbar",
  "mj-accordion", "mj-carousel", "mj-raw", "mj-include"];
const IN_BODY = ["mj-section", "mj-wrapper", "mj-hero", "mj-raw", "mj-include"];

export const MJML = {
  mjml: element(["lang", "dir", "owa"], ["mj-head", "mj-body"]),
  "mj-head": element([], ["mj-title", "mj-preview", "mj-attributes", "mj-style", "mj-font", "mj-breakpoint", "mj-raw", "mj-include"]),
  "mj-title": element([]),
  "mj-preview": element([]),
  "mj-attributes": element([]),
  "mj-all": element([...TEXT, ...FRAME, "align"]),
  "mj-class": element(["name", ...TEXT, ...FRAME, "align", "background-color"]),
  "mj-style": element(["inline"]),
  "mj-font": element(["name", "href"]),
  "mj-breakpoint": element(["width"]),
  "mj-include": element(["path", "type"]),
  "mj-raw": element(["position"]),
  "mj-body": element(["background-color", "width"], IN_BODY),
  "mj-wrapper": element([...BACKGROUND, ...BORDER, ...PADDING, "full-width", "text-align"], IN_BODY),
  "mj-section": element([...BACKGROUND, ...BORDER, ...PADDING, "direction", "full-width", "text-align"],
    ["mj-column", "mj-group", "mj-raw", "mj-include"]),
  "mj-group": element(["background-color", "direction", "vertical-align", "width"], ["mj-column", "mj-raw"]),
  "mj-column": element(["background-color", "inner-background-color", ...BORDER, ...PADDING, "vertical-align", "width"], IN_COLUMN),
  "mj-hero": element([...BACKGROUND, "background-height", "background-width", "height", "mode", "vertical-align", "width", ...PADDING],
    IN_COLUMN),
  "mj-text": element([...TEXT, ...FRAME, "align", "height"]),
  "mj-image": element([...ANCHOR, ...FRAME, ...BORDER, "align", "alt", "src", "srcset", "sizes", "width", "height", "max-height",
    "fluid-on-mobile"], []),
  "mj-button": element([...ANCHOR, ...TEXT, ...FRAME, ...BORDER, "align", "background-color", "height", "inner-padding", "text-align",
    "vertical-align", "width"]),
  "mj-divider": element([...FRAME, "align", "border-color", "border-style", "border-width", "width"], []),
  "mj-spacer": element([...FRAME, "height"], []),
  "mj-table": element([...TEXT, ...FRAME, "align", "border", "cellpadding", "cellspacing", "role", "table-layout", "width"]),
  "mj-social": element([...TEXT, ...FRAME, "align", "border-radius", "icon-height", "icon-size", "inner-padding", "mode", "text-padding"],
    ["mj-social-element", "mj-raw"]),
  "mj-social-element": element([...ANCHOR, ...TEXT, ...PADDING, "align", "alt", "background-color", "border-radius", "icon-height",
    "icon-size", "src", "text-padding", "vertical-align"]),
  "mj-navbar": element(["align", "base-url", "hamburger", ...PADDING], ["mj-navbar-link", "mj-raw"]),
  "mj-navbar-link": element([...ANCHOR, ...TEXT, ...PADDING]),
  "mj-accordion": element([...FRAME, "border", "font-family", "icon-align", "icon-height", "icon-position", "icon-width"],
    ["mj-accordion-element", "mj-raw"]),
  "mj-accordion-element": element(["background-color", "border", "font-family"], ["mj-accordion-title", "mj-accordion-text"]),
  "mj-accordion-title": element([...TEXT, ...PADDING, "background-color"]),
  "mj-accordion-text": element([...TEXT, ...PADDING, "background-color"]),
  "mj-carousel": element([...FRAME, "align", "border-radius", "icon-width", "thumbnails"], ["mj-carousel-image"]),
  "mj-carousel-image": element([...ANCHOR, "alt", "src", "thumbnails-src"], []),
};
