// What is vendored: one entry a folder below src/twain_web/static/vendor.
//
// copy:    file of the package → its name here, unchanged but for the reference to a source map, which we do not carry
// bundle:  our own entry → one minified file, for libraries that come as modules
// sprite:  names of icons → one SVG file of symbols
// within:  packages inside the file besides the one named, for their licences
// because: why a file that can make code from text may be here all the same

export const ASSETS = [
  {
    folder: "htmx",
    name: "htmx.org",
    copy: { "dist/htmx.min.js": "htmx.min.js" },
    because:
      "hx-on, filters of events and js: values, all through one function that htmx.config.allowEval = false turns off and " +
      "that a Content-Security-Policy without 'unsafe-eval' refuses anyway.",
  },
  {
    folder: "alpine",
    name: "@alpinejs/csp",
    copy: { "dist/cdn.min.js": "alpine-csp.min.js" },
    within: ["@vue/reactivity", "@vue/shared"],
  },
  {
    folder: "tabler",
    name: "@tabler/core",
    copy: { "dist/css/tabler.min.css": "tabler.min.css", "dist/js/tabler.min.js": "tabler.min.js" },
    within: ["bootstrap", "@popperjs/core"],
  },
  { folder: "icons", name: "@tabler/icons", sprite: { "icons.txt": "icons.svg" } },
  { folder: "echarts", name: "echarts", bundle: { "charts.js": "echarts.min.js" }, global: "echarts" },
  {
    folder: "calendar",
    name: "@event-calendar/build",
    copy: {
      "dist/event-calendar.min.js": "event-calendar.min.js",
      "dist/event-calendar.min.css": "event-calendar.min.css",
    },
    within: ["svelte"],
  },
  {
    folder: "codemirror",
    name: "codemirror",
    bundle: { "editor/index.js": "twain-editor.min.js" },
    global: "TwainEditor",
  },
];

// Packages that publish no licence file, or are inside another's file without being installed: all of them MIT.
export const MIT_HOLDERS = {
  "@alpinejs/csp": "Copyright © 2019-2021 Caleb Porzio and contributors",
  "@tabler/core": "Copyright (c) 2018-2026 The Tabler Authors",
  "@event-calendar/build": "Copyright (c) 2021 vkurko",
  bootstrap: "Copyright (c) 2011-2026 The Bootstrap Authors",
  svelte: "Copyright (c) 2016-2026 The Svelte contributors (https://github.com/sveltejs/svelte/graphs/contributors)",
};
