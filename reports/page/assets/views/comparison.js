// The main table: methods by scales, with published values.

const ACROSS = 6; // columns that a screen shows without scrolling
const compared = { metric: "main", chosen: false, scale: "all", spread: true, published: true, words: "" };

function shownMetrics() {
  if (compared.metric === "main") return mainMetrics();
  return [metricOf(compared.metric)];
}

function shownScales() {
  return section().scales
    .map((scale, index) => ({ scale, index }))
    .filter((one) => compared.scale === "all" || String(one.scale) === compared.scale);
}

function aboutSection() {
  const here = section();
  find("#about").replaceChildren(
    make("h2", {}, here.title),
    make("dl", { class: "facts head" }, here.head.map(([what, text]) => entry(what, text))),
    ...facts.damaged.map((line) => make("p", { class: "warning" }, "Not counted: " + line)),
  );
}

function comparisonControls() {
  const metrics = section().metrics;
  const several = mainMetrics().map((metric) => metric.title).join(", ").replace(/, ([^,]*)$/, " and $1");
  if (compared.metric !== "main" && !metrics.some((one) => one.name === compared.metric)) compared.chosen = false;
  if (!compared.chosen) {
    compared.metric = mainMetrics().length * section().scales.length > ACROSS ? metrics[0].name : "main";
  }
  if (!section().scales.map(String).includes(compared.scale)) compared.scale = "all";
  // One kind of \u00b1 at a time: over the seeds it is much smaller than over the scenes.
  compared.spread = !severalSeeds();
  find("#comparison .controls").replaceChildren(
    select("Metric", [["main", several], ...metrics.map((one) => [one.name, one.title])], compared.metric,
      (value) => { Object.assign(compared, { metric: value, chosen: true }); comparison(); }, { id: "comparison-metric" }),
    select("Scale", [["all", "all"], ...section().scales.map((one) => [String(one), onScale(one)])],
      compared.scale, (value) => { compared.scale = value; comparison(); }, { id: "comparison-scale" }),
    search("Filter methods", (value) => { compared.words = value; narrowComparison(); }, { id: "comparison-filter" }),
    checkbox(severalSeeds() ? "\u00b1 over scenes, not seeds" : "\u00b1 over scenes", compared.spread,
      (value) => { compared.spread = value; comparison(); }, { id: "comparison-spread" }),
    checkbox("published values", compared.published,
      (value) => { compared.published = value; comparison(); }, { id: "comparison-published" }),
  );
  compared.words = "";
}

function severalSeeds() {
  return section().methods.some((method) => method.places.some(
    (place) => Object.values(place.means).some((mean) => mean.over_seeds)));
}

let comparisonTable = null;

function narrowComparison() {
  comparisonTable.narrow((row) => row.words.includes(compared.words));
}

function comparison() {
  const here = section(), metrics = shownMetrics(), scales = shownScales();
  const columns = [{ title: "Method", text: true }];
  for (const metric of metrics) {
    for (const { scale } of scales) columns.push({ title: onScale(scale), group: heading(metric), down: metric.higher });
  }
  const caption = metrics.map((metric) => metric.title + unitOf(metric)).join(", ")
    + ": mean over " + counted(here.scenes.length, "test scene");
  comparisonTable = new Sortable(caption, columns, { id: "comparison-table" });
  const place = new Map();
  for (const metric of metrics) {
    for (const { index } of scales) {
      place.set(metric.name + index, ranks(here.methods.map((one) => rankedValue(one.places[index].means[metric.name])), metric));
    }
  }
  const rows = here.methods.map((method, row) => ({
    words: (method.title + " " + method.label + " " + method.published + " " + method.paper).toLowerCase(),
    entries: [nameOf(method), ...metrics.flatMap((metric) => scales.map(
      (one) => measured(method, one, metric, place.get(metric.name + one.index)[row])))],
  }));
  comparisonTable.fill([...rows, ...(compared.published ? publishedAlone(metrics, scales) : [])]);
  if (compared.words) narrowComparison();
  find("#comparison .place").replaceChildren(comparisonTable.node, legend(metrics));
  find("#comparison .charts").replaceChildren(...scales.map((one) => dots(here, metrics[0], one)));
  winners(metrics, scales);
  const notes = here.notes.map((note) => make("li", {}, note));
  find("#comparison .notes").replaceChildren(...(notes.length
    ? [make("h3", {}, "Notes"), make("ol", {}, notes)] : []));
}

function nameOf(method) {
  const beside = method.published && compared.published ? "in the paper: " + method.published : "";
  return {
    sort: method.title,
    node: [make("span", { title: method.paper || null }, method.title),
      beside ? make("span", { class: "second" }, beside) : null],
  };
}

function measured(method, { scale, index }, metric, rank) {
  const place = method.places[index], mean = place.means[metric.name];
  const title = method.title + ", " + onScale(scale) + ", " + metric.title;
  const published = compared.published ? place.published[metric.name] : null;
  const notes = mean.notes.length ? make("sup", {}, mean.notes.join(",")) : null;
  const beside = published ? [make("span", { class: "second" }, differenceFrom(published))] : [];
  if (!known(mean.value)) {
    const [shown, why] = place.state === "done" ? [DASH, "It has no value of this metric."] : [place.state, place.why];
    const button = source(shown, title + ": " + place.state + ". " + why, title, [why], place.cells);
    return { sort: null, class: place.state, node: [button, notes, ...beside] };
  }
  const lines = [
    mean.text + (metric.unit ? " " + metric.unit : "") + ": the mean over " + counted(section().scenes.length, "test scene")
      + (seedsOf(place) > 1 ? " and " + seedsOf(place) + " seeds" : "")
      + "; unrounded " + String(mean.value) + ".",
  ];
  if (mean.over_seeds) lines.push("\u00b1 " + mean.over_seeds + " is the standard deviation over the seeds.");
  if (mean.over_scenes) lines.push("Standard deviation over the scenes: " + mean.over_scenes + ".");
  if (published) lines.push("Published: " + published.text + " (" + published.method + "; " + published.source + ").");
  const told = { "\u2248": "It cannot be told from the best of its column.", "\u2218": "It cannot be told from the baseline." };
  for (const mark of mean.marks) lines.push(mark + " " + told[mark] + " The remarks below the table say by which test.");
  const node = [source(marked(mean.text, rank), title + ": " + mean.text + ". Where it comes from", title, lines, place.cells),
    mean.marks ? make("span", { class: "sign" }, mean.marks) : null, notes];
  const deviation = compared.spread ? mean.over_scenes : mean.over_seeds;
  if (deviation) node.push(make("span", { class: "spread" }, "\u00b1 " + deviation));
  return { sort: mean.value, class: rank === 1 ? "best" : "", node: [...node, ...beside] };
}

function differenceFrom({ text, difference, better }) {
  if (!difference) return "paper " + text;
  return make("span", {}, "paper " + text + " ",
    make("span", { class: known(better) ? (better ? "better" : "worse") : "" }, "(" + difference + ")"));
}

// Rows of the papers whose methods are not measured here.
function publishedAlone(metrics, scales) {
  const own = new Set(section().methods.map((method) => method.published));
  const names = [...new Set(section().published.map((row) => row.method))].filter((name) => !own.has(name));
  return names.map((name) => ({
    class: "printed",
    words: (name + " published").toLowerCase(),
    entries: [
      { sort: name, node: [name, make("span", { class: "second" }, "published, not measured here")] },
      ...metrics.flatMap((metric) => scales.map(({ scale }) => {
        const row = section().published.find((one) => one.method === name && one.scale === scale && one.metric === metric.name);
        return { sort: null, node: row ? make("span", { title: row.source }, "paper " + row.text) : DASH };
      })),
    ],
  }));
}

function legend(metrics) {
  const parts = [
    make("strong", {}, "Bold"), " best, ", make("u", {}, "underlined"),
    " second-best of its column, by the printed numbers alone. ",
    "Every number opens its provenance. ",
  ];
  if (compared.spread) parts.push("\u00b1 is the standard deviation over the test scenes, each a mean over the seeds. ");
  else if (severalSeeds()) parts.push("\u00b1 is the standard deviation over the seeds, where there are several. ");
  if (compared.published && section().published.length) {
    const sources = [...new Set(section().published.map((row) => row.source))].join("; ");
    parts.push("\u201cpaper\u201d is the published value under the same protocol (" + sources
      + "), in parentheses the measured one minus it. ", ...section().published_remarks.map((text) => text + " "));
  }
  const meanings = metrics.filter((metric) => metric.meaning).map(
    (metric) => [make("br"), make("b", {}, metric.title), ": " + metric.meaning + "."]);
  // Tested are the main metrics alone.
  const tested = metrics.some((metric) => metric.main);
  const remarks = tested && section().remarks.length ? [make("br"), section().remarks.join(" ")] : [];
  return make("p", { class: "legend" }, parts, meanings.flat(), remarks);
}

function winners(metrics, scales) {
  const metric = metrics[0];
  const best = scales.map(({ scale, index }) => {
    const rows = section().methods
      .map((method) => [method.title, rankedValue(method.places[index].means[metric.name]), method.places[index].means[metric.name].text])
      .filter((row) => known(row[1]))
      .sort((a, b) => (metric.higher ? b[1] - a[1] : a[1] - b[1]));
    if (!rows.length) return null;
    const lead = rows.length > 1 ? Math.abs(rows[0][1] - rows[1][1]) : null;
    const by = known(lead) && Number.isFinite(lead) ? ", " + number(lead, metric.digits) + " before " + rows[1][0] : "";
    const level = section().methods.filter((method) => method.places[index].means[metric.name].marks.includes("\u2248"));
    const beside = level.length ? "; not told from it: " + level.map((method) => method.title).join(", ") : "";
    return onScale(scale) + " " + rows[0][0] + " (" + rows[0][2] + by + beside + ")";
  }).filter(known);
  find("#winners").textContent = best.length ? "Best " + metric.title + unitOf(metric) + ": " + best.join("; ") + "." : "";
}
