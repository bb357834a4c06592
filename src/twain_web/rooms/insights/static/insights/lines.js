// Lines over time, each with its interval where there is one. The table below a chart has the same figures.
(function () {
  "use strict";
  var colours = ["#1f7f99", "#c2410c", "#7c8794"];
  var dashes = ["solid", "dashed", "dotted"];
  if (!window.echarts) return;
  document.querySelectorAll("[data-lines]").forEach(function (place) {
    fetch(place.dataset.lines, { headers: { Accept: "application/json" } })
      .then(function (answer) { return answer.json(); })
      .then(function (known) { draw(place, known); });
  });

  function band(one, n) {
    var hidden = { type: "line", stack: one.name, symbol: "none", silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false } };
    return [
      Object.assign({ data: one.low }, hidden),
      Object.assign({ data: one.high.map(function (high, at) { return high - one.low[at]; }), areaStyle: { color: colours[n], opacity: 0.18 } }, hidden)
    ];
  }

  function draw(place, known) {
    var style = getComputedStyle(document.documentElement);
    var ink = style.getPropertyValue("--tblr-body-color") || "#333";
    var chart = window.echarts.init(place, null, { renderer: "svg" });
    var shown = known.series.filter(function (one) { return one.values.some(Boolean); });
    var series = [];
    shown.forEach(function (one, n) {
      series.push({ name: one.name, type: "line", data: one.values, symbolSize: 7, color: colours[n], lineStyle: { type: dashes[n], width: 2 } });
      if (one.low) series = series.concat(band(one, n));
    });
    function told(value) { return known.percent ? (value * 100).toFixed(1) + " %" : String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f"); }
    chart.setOption({
      animation: false,
      textStyle: { color: ink },
      tooltip: { trigger: "axis", valueFormatter: told },
      legend: { top: 0, textStyle: { color: ink }, data: shown.map(function (one) { return one.name; }) },
      grid: { left: 60, right: 20, top: 40, bottom: 30 },
      xAxis: { type: "category", data: known.at, axisLabel: { color: ink } },
      yAxis: { type: "value", axisLabel: { color: ink, formatter: told } },
      series: series
    });
    window.addEventListener("resize", function () { chart.resize(); });
  }
})();
