// Paired tests: every method against one of them.

const tested = { metric: "", scale: "", other: "best" };

function testControls() {
  const here = section(), controls = find("#tests .controls");
  controls.hidden = !here.pairs.length;
  if (!here.pairs.length) return;
  const metrics = here.metrics.filter((one) => here.pairs.some((pair) => pair.metric === one.name));
  if (!metrics.some((one) => one.name === tested.metric)) tested.metric = metrics[0].name;
  if (!here.scales.map(String).includes(tested.scale)) tested.scale = String(here.scales[0]);
  tested.other = "best";
  const set = (name) => (value) => { tested[name] = value; tests(); };
  controls.replaceChildren(
    select("Metric", metrics.map((one) => [one.name, one.title]), tested.metric, set("metric"), { id: "tests-metric" }),
    select("Scale", here.scales.map((one) => [String(one), onScale(one)]), tested.scale, set("scale"), { id: "tests-scale" }),
    select("Compared with", [["best", "the best of the column"],
      ...(known(here.baseline) ? [["baseline", "the baseline: " + here.methods[here.baseline].title]] : []),
      ...here.methods.map((method, index) => [String(index), method.title])], tested.other, set("other"), { id: "tests-other" }));
}

// The comparisons of one column with one method, as that method's differences: method minus other.
function pairsWith(metric, index, other) {
  const here = section(), scale = here.scales[index];
  const here_ = here.pairs.filter((one) => one.metric === metric.name && one.scale === scale);
  if (other === "baseline") return here_.filter((one) => one.baseline);
  return here_.filter((one) => !one.baseline && (one.method === other || one.other === other)).map((one) => (one.other === other ? one
    : { ...one, method: one.other, other, mean: -one.mean, low: -one.high, high: -one.low, wins: one.losses, losses: one.wins,
      seeds: [...one.seeds].reverse() }));
}

function bestMethod(metric, index) {
  const values = section().methods.map((one) => rankedValue(one.places[index].means[metric.name]));
  const finite = values.map((value) => (known(value) ? Number(value) : NaN));
  const present = finite.filter((value) => !Number.isNaN(value));
  return present.length ? finite.indexOf(metric.higher ? Math.max(...present) : Math.min(...present)) : null;
}

function tests() {
  const here = section(), place = find("#tests .place");
  if (!here.pairs.length) {
    place.replaceChildren(make("p", { class: "quiet" }, "No two methods here have two test scenes in common, so that nothing can be tested."));
    return;
  }
  const metric = metricOf(tested.metric), index = here.scales.indexOf(Number(tested.scale));
  const other = tested.other === "best" ? bestMethod(metric, index) : tested.other === "baseline" ? "baseline" : Number(tested.other);
  const reference = other === "baseline" ? here.baseline : other;
  const found = pairsWith(metric, index, other), shown = new Set(shownMethods());
  const title = known(reference) ? here.methods[reference].title : DASH;
  const table = new Sortable(metric.title + unitOf(metric) + " at " + onScale(here.scales[index]) + ": each method minus " + title, [
    { title: "Method", text: true }, { title: "Difference", down: metric.higher },
    { title: "95 % interval", still: true }, { title: "Better on", down: true, more: ["of scenes"] }, { title: "Seeds", text: true },
    { title: "p" }, { title: "p, adjusted" }, { title: "Verdict", text: true },
    { title: "Interval from", hidden: true }, { title: "Interval to", hidden: true },
  ], { id: "tests-table" });
  table.filter = (row) => shown.has(row.method);
  table.fill(found.map((one) => testRow(one, metric)));
  table.under.append(make("button", { type: "button", class: "csv", "aria-label": "Download as CSV: all paired tests of this protocol",
    onclick: saveTests }, "Download all tests"));
  place.replaceChildren(table.node, make("p", { class: "legend" },
    "The difference is a mean over the common test scenes, the interval its 95 % confidence interval by scenes and seeds. p is of signs "
    + "flipped scene by scene and, with several seeds, of Welch\u2019s test between them, the larger of both; adjusted for all "
    + (other === "baseline" ? "comparisons of the column with the baseline" : "pairs of the column") + ". "
    + "\u201cCannot be told apart\u201d does not say that two methods are equal. The remarks below the comparison explain the tests."));
}

function testRow(one, metric) {
  const signed = (value) => (value > 0 ? "+" : "") + number(value, metric.digits);
  const better = (one.mean > 0) === metric.higher;
  const [verdict, kind] = !one.decidable ? ["too few scenes", "missing"]
    : !one.differs ? ["cannot be told apart", ""] : better ? ["better", "better"] : ["worse", "worse"];
  const title = section().methods[one.method].title;
  return { method: one.method, entries: [
    { node: title, sort: title },
    { node: signed(one.mean), sort: one.mean },
    { node: signed(one.low) + " to " + signed(one.high) },
    { node: one.wins + " of " + one.n, sort: one.wins, more: [one.n] },
    { node: one.seeds.join(" and "), sort: one.seeds.join(" and ") },
    { node: one.p[1], sort: one.p[0] },
    { node: one.adjusted[1], sort: one.adjusted[0] },
    { node: make("span", { class: kind || null }, verdict), sort: verdict },
    { node: "", sort: one.low }, { node: "", sort: one.high },
  ] };
}

function saveTests() {
  const here = section();
  saveCsv("all-tests", [["metric", "scale", "family", "method", "other", "difference", "low", "high", "better on", "scenes",
    "seeds", "other seeds", "p", "p adjusted"], ...here.pairs.map((one) => [one.metric, one.scale, one.baseline ? "baseline" : "pairs",
    here.methods[one.method].label, here.methods[one.other].label, one.mean, one.low, one.high, one.wins, one.n, ...one.seeds,
    one.p[0], one.adjusted[0]])]);
}
