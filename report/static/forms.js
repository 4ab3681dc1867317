// Offers only the conditions that fit the chosen field. Without it the server says which do.
"use strict";

for (const form of document.querySelectorAll("form.filter")) {
  const field = form.querySelector("[data-field]");
  const operator = form.querySelector("[data-operator]");
  const value = form.querySelector("[data-value]");
  const types = { date: "date", time: "date", month: "date", money: "text", number: "text" };

  const fit = () => {
    const kind = field.selectedOptions[0].dataset.kind;
    for (const option of operator.options) {
      option.hidden = option.disabled = !option.dataset.kinds.split(" ").includes(kind);
    }
    if (operator.selectedOptions[0].disabled) {
      operator.value = [...operator.options].find((option) => !option.disabled).value;
    }
    const asked = operator.value;
    const isDay = types[kind] === "date" && !/_(days|field)$/.test(asked);
    if (/_field$/.test(asked)) value.setAttribute("list", "dates");
    else value.removeAttribute("list");
    value.type = isDay ? "date" : "text";
    value.closest("label").hidden = ["known", "unknown", "yes", "no"].includes(asked);
  };
  field.addEventListener("change", fit);
  operator.addEventListener("change", fit);
  fit();
}
