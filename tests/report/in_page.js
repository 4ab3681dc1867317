// What report_in_chromium.py asks of a page that it looks at.
"use strict";

function isDrawn() {
  const charts = [...document.querySelectorAll(".chart")];
  return document.readyState === "complete" && charts.every((one) => !one.hidden && one.querySelector("canvas"));
}

// What stands out to the right of the window; tables and menus scroll by themselves.
function tooWide() {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter((one) => !one.closest(".scroll, pre, nav") && one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.outerHTML.slice(0, 120)).slice(0, 3);
}

// Text whose contrast with what it stands on is below WCAG AA.
function tooFaint() {
  const parts = (text) => text.match(/[\d.]+/g).map((part, place) => Number(part) * (/^color/.test(text) && place < 3 ? 255 : 1));
  const light = (color) => color.slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color[3] !== 0) return color;
    }
    return [255, 255, 255];
  };
  const hasText = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && hasText(one)).flatMap((one) => {
    const style = getComputedStyle(one);
    const [text, below] = [light(parts(style.color)), light(ground(one))];
    const ratio = (Math.max(text, below) + 0.05) / (Math.min(text, below) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    return ratio < (isLarge ? 3 : 4.5) ? [`${one.className || one.tagName}: ${ratio.toFixed(2)}`] : [];
  }).slice(0, 5);
}

// Where the newest bar of the first movement stands in the window.
function lastBar() {
  const place = document.querySelector("[data-chart=movements]");
  const chart = echarts.getInstanceByDom(place);
  const { series, xAxis } = chart.getOption();
  const month = xAxis[0].data.length - 1;
  const [x, y] = chart.convertToPixel({ seriesIndex: 0 }, [month, series[0].data[month] / 2]);
  place.scrollIntoView({ block: "center" });
  const { left, top } = place.getBoundingClientRect();
  return { x: left + x, y: top + y, month: xAxis[0].data[month] };
}

function addFilter() {
  for (const one of document.querySelectorAll("details")) one.open = true;
  const form = document.querySelector("form.filter");
  form.elements.field.value = "lifecycle_status";
  form.elements.field.dispatchEvent(new Event("change"));
  form.elements.operator.value = "is";
  form.elements.value.value = "subscribed";
  form.requestSubmit();
}

// Sends the form that saves, changes or deletes a segment, as a click on its button does.
function sendSegment(action, given) {
  for (const one of document.querySelectorAll("details")) one.open = true;
  const forms = [...document.querySelectorAll("form[action='/segments']")];
  const form = forms.find((one) => (one.elements.action ? one.elements.action.value : "save") === action);
  for (const [name, value] of Object.entries(given)) form.elements[name].value = value;
  form.requestSubmit();
}
