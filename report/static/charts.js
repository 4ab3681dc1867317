// Draws each chart from the JSON of the table below it. Without it the tables stand open.
"use strict";

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const number = (text) => (text === null ? null : Number(text));
const when = (row) => row.day || row.month.slice(0, 7);
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const long = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

// What all charts share: axes that stay in the background, tips without HTML (the page's policy
// allows no inline style).
function frame(rows, extra) {
  const currency = rows[0].currency ? rows[0].currency.toUpperCase() : "";
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: color("soft") },
    grid: { left: 4, right: 12, top: 34, bottom: 4, containLabel: true },
    tooltip: {
      trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow", shadowStyle: { opacity: 0.08 } },
      backgroundColor: color("card"), borderColor: color("line"), textStyle: { color: color("text"), fontSize: 12 },
      valueFormatter: (value) => (value === null ? "–" : long.format(value)),
    },
    xAxis: {
      type: "category", data: rows.map(when), axisTick: { show: false },
      axisLine: { lineStyle: { color: color("line") } }, axisLabel: { color: color("soft"), hideOverlap: true },
    },
    yAxis: {
      type: "value", name: currency, nameTextStyle: { color: color("soft"), align: "right" },
      splitLine: { lineStyle: { color: color("line") } },
      axisLabel: { color: color("soft"), formatter: (value) => short.format(value) },
    },
    ...extra,
  };
}

const charts = {
  // A line for each currency; they share an axis and are never added.
  mrr(rows) {
    const months = [...new Set(rows.map(when))].sort();
    const currencies = [...new Set(rows.map((row) => row.currency))];
    const colors = ["accent", "reactivation", "contraction", "churn"].map(color);
    const several = currencies.length > 1;
    const made = frame(rows, {
      legend: several ? { top: 0, textStyle: { color: color("soft") } } : undefined,
      series: currencies.map((currency, place) => {
        const of = new Map(rows.filter((row) => row.currency === currency).map((row) => [when(row), row]));
        const paint = colors[place % colors.length];
        return {
          name: several ? currency.toUpperCase() : "MRR", type: "line", showSymbol: months.length < 3,
          data: months.map((one) => (of.has(one) ? number(of.get(one).closing_mrr ?? of.get(one).mrr) : null)),
          lineStyle: { color: paint, width: 2 }, itemStyle: { color: paint },
          areaStyle: several ? undefined : { color: paint, opacity: 0.09 },
        };
      }),
    });
    made.xAxis.data = months;
    if (several) made.yAxis.name = "";
    return made;
  },
  // Accounts have an axis of their own, on the right.
  days(rows) {
    const made = frame(rows, { legend: { top: 0, left: "center", textStyle: { color: color("soft") } } });
    const line = (name, data, paint, axis) => ({
      name, data, type: "line", yAxisIndex: axis, showSymbol: rows.length < 3,
      lineStyle: { color: paint, width: 2 }, itemStyle: { color: paint },
    });
    made.series = [
      line("MRR", rows.map((row) => number(row.mrr)), color("accent"), 0),
      line("accounts", rows.map((row) => number(row.members)), color("reactivation"), 1),
    ];
    made.yAxis = [made.yAxis, { ...made.yAxis, name: "accounts", nameTextStyle: { color: color("soft"), align: "right" }, minInterval: 1, splitLine: { show: false } }];
    return made;
  },
  movements(rows) {
    const parts = ["new", "expansion", "reactivation", "contraction", "churn"];
    return frame(rows, {
      legend: { top: 0, left: "center", icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: { color: color("soft") } },
      series: parts.map((part) => ({
        name: part, type: "bar", stack: "movements", barMaxWidth: 34, cursor: "pointer",
        data: rows.map((row) => number(row[`${part}_mrr`])), itemStyle: { color: color(part) },
      })),
    });
  },
};

async function draw(place) {
  const answer = await fetch(place.dataset.source, { credentials: "same-origin" });
  if (!answer.ok) return; // the table below says the same
  const rows = (await answer.json()).rows;
  if (!rows.length) return;
  rows.sort((one, other) => (when(one) < when(other) ? -1 : 1));
  place.hidden = false;
  place.parentElement.querySelector("details").open = false;
  const chart = echarts.init(place);
  const paint = () => chart.setOption(charts[place.dataset.chart](rows), true);
  paint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  new ResizeObserver(() => chart.resize()).observe(place);
  // A bar leads to its accounts, by the same address as the link in the table.
  if (place.dataset.leads) {
    chart.on("click", (point) => {
      const address = new URL(place.dataset.leads, location.href);
      address.searchParams.set("month", rows[point.dataIndex].month);
      address.searchParams.set("movement", point.seriesName);
      location.href = address;
    });
  }
}

for (const place of document.querySelectorAll(".chart")) draw(place);
