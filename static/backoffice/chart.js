// Bars over the rows of a table (data-chart names it): the table says it all, the chart only draws it.
(function () {
  "use strict";
  var HEIGHT = 200;

  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  function read(table) {
    var rows = Array.from(table.tBodies[0].rows);
    return {
      days: rows.map(function (row) { return row.cells[0].textContent.trim(); }),
      amounts: rows.map(function (row) { return row.cells[2].textContent.trim(); }),
      values: rows.map(function (row) { return Number(row.dataset.cents) / 100; })
    };
  }

  function axis(more) {
    return Object.assign({
      stroke: colour("--quiet"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "12px " + getComputedStyle(document.body).fontFamily
    }, more);
  }

  function draw(place) {
    var data = read(document.getElementById(place.dataset.chart));
    var short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
    var day = function (at) { return data.days[at] === undefined ? "" : data.days[at]; };
    place.textContent = "";
    return new uPlot({
      width: place.clientWidth,
      height: HEIGHT,
      cursor: { y: false, drag: { x: false, y: false } },
      legend: { live: true },
      scales: { x: { time: false, range: [-0.6, data.days.length - 0.4] }, y: { range: function (_chart, _low, high) { return [0, high > 0 ? high * 1.1 : 1]; } } },
      axes: [
        axis({
          grid: { show: false },
          splits: function () { return data.days.map(function (_day, at) { return at; }).filter(function (at) { return (data.days.length - 1 - at) % 7 === 0; }); },
          values: function (_chart, at) { return at.map(function (one) { return day(one).replace(/[\/.\-]\d{4}$/, ""); }); }
        }),
        axis({ size: 56, values: function (_chart, at) { return at.map(function (one) { return short.format(one); }); } })
      ],
      series: [
        { label: place.dataset.day, value: function (_chart, at) { return at === null ? "–" : day(at); } },
        {
          label: place.dataset.received,
          fill: colour("--brand"),
          stroke: colour("--brand"),
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.7, 28], radius: 0.15 }),
          value: function (_chart, _value, _series, at) { return at === null || at === undefined ? "–" : data.amounts[at]; }
        }
      ]
    }, [data.days.map(function (_day, at) { return at; }), data.values], place);
  }

  function keep(place) {
    var chart = draw(place);
    new ResizeObserver(function () {
      if (place.clientWidth && place.clientWidth !== chart.width) chart.setSize({ width: place.clientWidth, height: HEIGHT });
    }).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { chart.destroy(); chart = draw(place); });
  }

  document.querySelectorAll("[data-chart]").forEach(keep);
})();
