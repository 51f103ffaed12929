// Training curves: validation PSNR and loss against steps and seconds.

const trained = { scale: "", across: "step", up: "psnr" };
const ACROSS_NAMES = { step: "steps", seconds: "seconds of training" };
const UP_NAMES = { psnr: "validation PSNR in dB", loss: "training loss" };
const hiddenCurves = new Set();

function trainingControls() {
  const here = section();
  hiddenCurves.clear();
  const scales = here.scales.filter((scale) => here.curves.shown.some((one) => one.scale === scale));
  const controls = find("#training .controls");
  controls.hidden = !scales.length;
  if (!scales.length) return;
  if (!scales.map(String).includes(trained.scale)) trained.scale = String(scales[0]);
  const set = (name) => (value) => { trained[name] = value; training(); };
  const options = (names) => Object.entries(names);
  controls.replaceChildren(
    select("Scale", scales.map((one) => [String(one), onScale(one)]), trained.scale, set("scale"), { id: "training-scale" }),
    select("Curve", options(UP_NAMES), trained.up, set("up"), { id: "training-up" }),
    select("Against", options(ACROSS_NAMES), trained.across, set("across"), { id: "training-across" }));
}

function training() {
  const here = section(), place = find("#training .place");
  const absent = here.curves.absent.map(([method, scale, seed, why]) => here.methods[method].title + " " + onScale(scale)
    + ", seed " + seed + ": " + why);
  const reasons = absent.length ? make("ul", { class: "reasons" }, absent.map((why) => make("li", {}, why))) : "";
  if (!here.curves.shown.length) {
    place.replaceChildren(make("p", { class: "quiet" }, "No method here was trained in steps, or no curve is stored."), reasons);
    return;
  }
  const shown = shownMethods(), all = here.curves.shown.filter((one) => String(one.scale) === trained.scale);
  const own = all.filter((one) => shown.includes(one.method));
  const elsewhere = (one) => trained.across === "seconds" && facts.cells[one.cell].elsewhere;
  const drawn = own.filter((one) => !elsewhere(one) && !hiddenCurves.has(here.methods[one.method].title));
  const methods = [...new Set(own.map((one) => one.method))];
  const others = [...new Set(own.filter(elsewhere).map((one) => here.methods[one.method].title))];
  const title = UP_NAMES[trained.up] + " against " + ACROSS_NAMES[trained.across] + " at " + onScale(trained.scale);
  const focused = document.activeElement && document.activeElement.closest("#training .keys") ? document.activeElement.textContent : "";
  place.replaceChildren(
    legendOf(methods.map((one) => ({ name: here.methods[one].title, series: seriesOf(one) })), hiddenCurves, training),
    make("figure", { class: "wide" }, lines(Math.min(place.clientWidth, 640), title, { title: ACROSS_NAMES[trained.across] },
      { title: UP_NAMES[trained.up], log: trained.up === "loss" }, drawn.map(curveOf), null, { id: "training-plot" }),
    make("figcaption", { class: "quiet" }, "One line for each seed, a point for each validation. Losses of different methods measure "
      + "different things: compare their course, not their height."
      + (others.length ? " Seconds of another machine are not shown: " + others.join(", ") + "." : ""))),
    trainingTable(own).node, reasons);
  if (focused) [...place.querySelectorAll(".keys button")].find((one) => one.textContent === focused).focus();
}

function curveOf(one) {
  const name = section().methods[one.method].title + ", seed " + facts.cells[one.cell].seed;
  const rows = one[trained.across].map((x, index) => [x, one[trained.up][index], index])
    .filter(([x, y]) => known(x) && known(y) && (trained.up !== "loss" || y > 0));
  return { name, series: seriesOf(one.method), points: rows.map(([x, y]) => [x, y]),
    notes: rows.map(([x, y, index]) => name + ": step " + one.step[index] + ", " + short(one.seconds[index] || 0) + " s, "
      + (trained.up === "psnr" ? number(y, 2) + " dB" : "loss " + y)) };
}

function trainingTable(own) {
  const here = section();
  const table = new Sortable("Trainings at " + onScale(trained.scale), [
    { title: "Method", text: true }, { title: "Seed" }, { title: "Steps" }, { title: "Best validation PSNR", down: true },
    { title: "Last validation PSNR", down: true }, { title: "Last loss" }, { title: "Training" },
  ], { id: "training-table" });
  table.fill(own.map((one) => {
    const cell = facts.cells[one.cell], psnr = one.psnr.filter(known), last = (values) => values[values.length - 1];
    const best = psnr.length ? Math.max(...psnr) : null, end = last(psnr), loss = last(one.loss);
    const title = here.methods[one.method].title;
    return { entries: [{ node: title, sort: title }, { node: String(cell.seed), sort: cell.seed },
      { node: String(last(one.step)), sort: last(one.step) }, { node: number(best, 2), sort: best },
      { node: number(end, 2), sort: end }, { node: known(loss) ? String(loss) : DASH, sort: loss },
      { node: cell.elsewhere ? "(" + cell.fit.text + ")" : cell.fit.text, sort: cell.elsewhere ? null : cell.fit.value, csv: cell.fit.value }] };
  }));
  table.under.append(make("button", { type: "button", class: "csv", "aria-label": "Download as CSV: the curves at every scale",
    onclick: saveCurves }, "Download curves"));
  return table;
}

function saveCurves() {
  const here = section();
  saveCsv("curves", [["method", "scale", "seed", "step", "validation PSNR (dB)", "training loss", "seconds"],
    ...here.curves.shown.flatMap((one) => one.step.map((step, index) => [here.methods[one.method].label, one.scale,
      facts.cells[one.cell].seed, step, one.psnr[index], one.loss[index], one.seconds[index]]))]);
}
