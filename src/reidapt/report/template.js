/* Additions to a page that is complete without them: values under the pointer, filters, highlighting, printing. */
"use strict";

function readable(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  let text;
  if (size && (size < 1e-3 || size >= 1e6)) text = value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  else if (size >= 1000) text = Math.round(value).toLocaleString("en-US");
  else text = String(Number(value.toPrecision(4)));
  return text.replace(/-/g, "−");
}

/* Line charts: a rule follows the pointer or the arrow keys, and the legend shows each line's value there. */
for (const figure of document.querySelectorAll("figure.curve")) {
  const svg = figure.querySelector("svg");
  const [x0, x1, y0, y1] = svg.dataset.frame.split(" ").map(Number);
  const [low, high, bottom, top] = svg.dataset.values.split(" ").map(Number);
  const lines = [...svg.querySelectorAll("path.line[data-x]")].map((path) => ({
    x: path.dataset.x.split(" ").map(Number),
    y: path.dataset.y.split(" ").map(Number),
    cls: path.getAttribute("class").replace(/^line/, "dot").replace(" faint", ""),
  }));
  const outputs = [...figure.querySelectorAll(".legend [data-rest]")];
  const where = figure.querySelector(".where");
  const resting = where.textContent;
  const steps = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const overlay = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "g"));
  const px = (x) => x0 + ((x - low) / (high - low)) * (x1 - x0);
  const py = (y) => y0 + ((y - bottom) / (top - bottom)) * (y1 - y0);
  let at = -1;

  function nearest(values, x) {
    let best = 0;
    values.forEach((value, i) => { if (Math.abs(value - x) < Math.abs(values[best] - x)) best = i; });
    return best;
  }
  function show(index) {
    at = Math.max(0, Math.min(steps.length - 1, index));
    const x = steps[at];
    let drawn = `<path class="rule" d="M${px(x)} ${y0}V${y1}"/>`;
    lines.forEach((line, i) => {
      const inside = x >= line.x[0] && x <= line.x[line.x.length - 1];
      const j = nearest(line.x, x);
      outputs[i].textContent = inside ? readable(line.y[j]) : "–";
      if (inside && Number.isFinite(line.y[j])) {
        drawn += `<circle class="${line.cls}" cx="${px(line.x[j])}" cy="${py(line.y[j])}" r="3.5"/>`;
      }
    });
    overlay.innerHTML = drawn;
    where.textContent = `at ${svg.dataset.xlabel} ${readable(x)}`;
  }
  function rest() {
    at = -1;
    overlay.innerHTML = "";
    where.textContent = resting;
    outputs.forEach((output) => { output.textContent = output.dataset.rest; });
  }
  function follow(event) {
    const box = svg.getBoundingClientRect();
    const unit = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    show(nearest(steps, low + ((unit - x0) / (x1 - x0)) * (high - low)));
  }
  if (!steps.length) continue;
  svg.setAttribute("tabindex", "0");
  where.setAttribute("aria-live", "polite");
  svg.addEventListener("pointermove", follow);
  svg.addEventListener("pointerdown", follow);
  svg.addEventListener("pointerleave", rest);
  svg.addEventListener("blur", rest);
  svg.addEventListener("keydown", (event) => {
    const stride = event.shiftKey ? 10 : 1;
    if (event.key === "ArrowRight") show(at + stride);
    else if (event.key === "ArrowLeft") show(at < 0 ? steps.length - 1 : at - stride);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(steps.length - 1);
    else if (event.key === "Escape") rest();
    else return;
    event.preventDefault();
  });
}

/* Ranked lists: show one outcome only. */
for (const bar of document.querySelectorAll(".filters")) {
  bar.hidden = false;
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    for (const other of bar.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    for (const query of document.querySelectorAll(".query")) {
      query.hidden = button.value !== "" && query.dataset.outcome !== button.value;
    }
  });
}

/* Maps: one person at a time, in every map. */
for (const bar of document.querySelectorAll(".groups")) {
  for (const button of bar.querySelectorAll("button")) button.disabled = false;
  const maps = bar.closest(".maps").querySelectorAll("svg.map g[data-group]");
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const chosen = button.getAttribute("aria-pressed") === "true" ? null : button.value;
    for (const other of bar.querySelectorAll("button")) {
      other.setAttribute("aria-pressed", String(chosen !== null && other.value === chosen));
    }
    for (const group of maps) group.classList.toggle("faded", chosen !== null && group.dataset.group !== chosen);
  });
}

/* Paper has no disclosure triangles: open everything while printing. */
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => { for (const details of opened) details.open = false; });
