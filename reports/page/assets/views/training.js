// Training curves: validation PSNR and loss against steps and seconds.

const trained = { scale: "", across: "step" };
const ACROSS_NAMES = { step: "steps", seconds: "seconds of training" };
const UP_NAMES = { psnr: "validation PSNR", loss: "training loss" };
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
  controls.replaceChildren(
    select("Scale", scales.map((one) => [String(one), onScale(one)]), trained.scale, set("scale"), { id: "training-scale" }),
    select("Against", Object.entries(ACROSS_NAMES), trained.across, set("across"), { id: "training-across" }));
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
  const shown = shownMethods();
  const own = here.curves.shown.filter((one) => String(one.scale) === trained.scale && shown.includes(one.method));
  const titleOf = (one) => here.methods[one.method].title;
  const elsewhere = (one) => trained.across === "seconds" && facts.cells[one.cell].elsewhere;
  const drawn = own.filter((one) => !elsewhere(one) && !hiddenCurves.has(titleOf(one)));
  const others = [...new Set(own.filter(elsewhere).map(titleOf))];
  const keys = [...new Set(own.map((one) => one.method))].map((one) => ({ name: here.methods[one].title, series: seriesOf(one) }));
  const active = document.activeElement, focused = active && active.closest("#training .keys") ? active.textContent : "";
  const open = place.querySelector("details");
  place.replaceChildren(
    legendOf(keys, hiddenCurves, training),
    make("div", { class: "pair" }, curvePlot("psnr", drawn), curvePlot("loss", drawn)),
    make("p", { class: "legend" }, "One line for each seed. Losses of different methods measure different things: compare their "
      + "course, not their height. " + (others.length ? "Seconds of another machine are not shown: " + others.join(", ") + "." : "")),
    make("details", { open: Boolean(open && open.open) }, make("summary", {}, "The trainings as a table"), trainingTable(own).node),
    reasons);
  if (focused) [...place.querySelectorAll(".keys button")].find((one) => one.textContent === focused).focus();
}

function curvePlot(up, drawn) {
  const title = UP_NAMES[up] + " against " + ACROSS_NAMES[trained.across] + " at " + onScale(trained.scale);
  return make("figure", {}, make("h3", {}, title[0].toUpperCase() + title.slice(1)),
    lines(pairRoom(find("#training .place")), title + "; the table below has their ends", { title: ACROSS_NAMES[trained.across] },
      { title: UP_NAMES[up] + (up === "psnr" ? " in dB" : ""), log: up === "loss" }, drawn.map((one) => curveOf(one, up)), null,
      { id: "training-" + up }));
}

function curveOf(one, up) {
  const name = section().methods[one.method].title + ", seed " + facts.cells[one.cell].seed;
  const rows = one[trained.across].map((x, index) => [x, one[up][index], index])
    .filter(([x, y]) => known(x) && known(y) && (up !== "loss" || y > 0));
  return { name, series: seriesOf(one.method) + " thin", points: rows.map(([x, y]) => [x, y]),
    notes: rows.map(([, y, index]) => name + ": step " + one.step[index] + ", " + short(one.seconds[index] || 0) + " s, "
      + (up === "psnr" ? number(y, 2) + " dB" : "loss " + y)) };
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
