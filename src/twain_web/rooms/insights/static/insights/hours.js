// The chart of messages per hour. The table below it has the same figures.
(function () {
  "use strict";
  var place = document.querySelector("[data-chart]");
  if (!place || !window.echarts) return;
  fetch(place.dataset.chart, { headers: { Accept: "application/json" } })
    .then(function (answer) { return answer.json(); })
    .then(function (known) { draw(known.hours); });

  // As the page writes them: thin spaces between the thousands.
  function people(value) { return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f"); }

  function draw(hours) {
    var style = getComputedStyle(document.documentElement);
    var ink = style.getPropertyValue("--tblr-body-color") || "#333";
    var chart = window.echarts.init(place, null, { renderer: "svg" });
    chart.setOption({
      animation: false,
      textStyle: { color: ink },
      tooltip: { trigger: "axis", valueFormatter: people },
      legend: { top: 0, textStyle: { color: ink } },
      grid: { left: 60, right: 20, top: 40, bottom: 30 },
      xAxis: { type: "category", data: hours.map(function (h) { return h.at; }), axisLabel: { color: ink } },
      yAxis: { type: "value", axisLabel: { color: ink, formatter: people } },
      series: [["Sent", "sent", "#1f7f99"], ["Failed", "failed", "#c2410c"], ["Stopped", "suppressed", "#7c8794"], ["Delivery unknown", "uncertain", "#b45309"]]
        .filter(function (one) { return hours.some(function (h) { return h[one[1]]; }); })
        .map(function (one) { return { name: one[0], type: "bar", stack: "all", data: hours.map(function (h) { return h[one[1]]; }), itemStyle: { color: one[2] } }; })
    });
    window.addEventListener("resize", function () { chart.resize(); });
  }
})();
