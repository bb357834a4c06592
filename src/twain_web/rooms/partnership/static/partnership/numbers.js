// A small trend a number, drawn once it comes into view. The table below each has the same figures.
(function () {
  "use strict";
  if (!window.echarts) return;
  var colours = ["#1f7f99", "#c2410c", "#7c8794", "#5b7f2b", "#8a4f9e"];
  var dashes = ["solid", "dashed", "dotted"];
  var seen = new IntersectionObserver(function (found) {
    found.forEach(function (one) {
      if (!one.isIntersecting) return;
      seen.unobserve(one.target);
      draw(one.target, JSON.parse(document.getElementById(one.target.dataset.figures).textContent));
    });
  }, { rootMargin: "200px" });
  document.querySelectorAll("[data-figures]").forEach(function (place) { seen.observe(place); });

  function line(one, n) {
    return { name: one.name, type: "line", data: one.values, symbol: "circle", symbolSize: 5, color: colours[n % colours.length], lineStyle: { type: dashes[n % dashes.length], width: 2 } };
  }

  // Of shares all of it is seen; of counts what there is, and the limit beside it.
  function top(known) {
    if (known.beside === null) return null;
    return known.unit === "%" ? 100 : function (axis) { return Math.max(axis.max, known.beside); };
  }

  function draw(place, known) {
    var style = getComputedStyle(document.documentElement);
    var ink = style.getPropertyValue("--tblr-secondary-color") || "#555";
    var many = known.lines.length > 1;
    var series = known.lines.map(line);
    if (known.beside !== null && series.length) {
      series[0].markLine = { silent: true, symbol: "none", label: { formatter: String(known.beside), color: ink, position: "insideEndTop" }, lineStyle: { color: ink, type: "dotted" }, data: [{ yAxis: known.beside }] };
    }
    var chart = window.echarts.init(place, null, { renderer: "svg" });
    chart.setOption({
      animation: false,
      textStyle: { color: ink },
      tooltip: { trigger: "axis", confine: true, valueFormatter: function (value) { return value === null || value === undefined ? "–" : (value + " " + known.unit).trim(); } },
      legend: { show: many, top: 0, type: "scroll", textStyle: { color: ink } },
      grid: { left: 8, right: 14, top: many ? 30 : 10, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: known.at, axisLabel: { color: ink, hideOverlap: true } },
      yAxis: { type: "value", splitNumber: 2, max: top(known), axisLabel: { color: ink }, splitLine: { lineStyle: { color: ink, opacity: 0.25 } } },
      series: series
    });
    window.addEventListener("resize", function () { chart.resize(); });
  }
})();
