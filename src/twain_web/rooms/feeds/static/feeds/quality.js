// The chart of a feed's quality: stacked bars, one a day. The table below it says the same to whoever cannot see it.
(function () {
  "use strict";

  var PALETTE = {
    light: { green: "#2b8a3e", amber: "#e8a200", red: "#c92a2a", text: "#3b4450", line: "#d5dae1" },
    dark: { green: "#4fb366", amber: "#f0b429", red: "#ef6a6a", text: "#c3ccd8", line: "#3a4656" }
  };
  var shown = [];

  function colours() {
    return PALETTE[document.documentElement.getAttribute("data-bs-theme") === "dark" ? "dark" : "light"];
  }

  function options(data) {
    var colour = colours();
    return {
      animation: false,
      aria: { enabled: false },
      textStyle: { color: colour.text },
      legend: { top: 0, right: 0, textStyle: { color: colour.text } },
      tooltip: { trigger: "axis", renderMode: "richText" },
      grid: { left: 40, right: 12, top: 36, bottom: 28 },
      xAxis: { type: "category", data: data.days, axisLabel: { color: colour.text } },
      yAxis: { type: "value", name: data.rules, minInterval: 1, axisLabel: { color: colour.text }, splitLine: { lineStyle: { color: colour.line } } },
      series: data.series.map(function (one) {
        return { name: one.name, type: "bar", stack: "rules", barMaxWidth: 28, data: one.values, itemStyle: { color: colour[one.level] } };
      })
    };
  }

  function draw(box) {
    var data = JSON.parse(box.dataset.chart);
    var chart = window.echarts.init(box, null, { renderer: "canvas" });
    chart.setOption(options(data));
    shown.push({ chart: chart, data: data });
  }

  function drawAll(root) {
    root.querySelectorAll("[data-chart]").forEach(draw);
  }

  document.addEventListener("htmx:afterSwap", function (event) { drawAll(event.target); });
  window.addEventListener("resize", function () { shown.forEach(function (one) { one.chart.resize(); }); });
  new MutationObserver(function () {
    shown.forEach(function (one) { one.chart.setOption(options(one.data), true); });
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
})();
