// The main table: methods by scales, with published values.

const ACROSS = 6, ACROSS_BESIDE = 12; // columns that a screen shows without scrolling; narrow ones with published values
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
    const width = widthOf(mainMetrics()), most = width > mainMetrics().length * section().scales.length ? ACROSS_BESIDE : ACROSS;
    compared.metric = width > most ? metrics[0].name : "main";
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
  const shown = new Set(shownMethods());
  comparisonTable.narrow((row) => (compared.words ? row.words.includes(compared.words) : row.printed || shown.has(row.method)));
}

// Whether a column has published values beside it.
function hasPublished(metric, scale) {
  return compared.published && section().published.some((row) => row.metric === metric.name && row.scale === scale);
}

function widthOf(metrics) {
  return metrics.flatMap((metric) => section().scales.map((scale) => (hasPublished(metric, scale) ? 3 : 1))).reduce((a, b) => a + b, 0);
}

function comparisonColumns(metrics, scales) {
  const more = ["standard deviation over seeds", "standard deviation over scenes", "seeds"];
  const beside = metrics.some((metric) => scales.some(({ scale }) => hasPublished(metric, scale)));
  return metrics.flatMap((metric) => scales.flatMap(({ scale }) => {
    const down = metric.higher;
    if (!beside) return [{ title: onScale(scale), group: heading(metric), down, more }];
    const group = heading(metric) + " " + onScale(scale);
    const own = { title: "measured", group, down, more };
    if (!hasPublished(metric, scale)) return [own];
    return [{ title: "published", group, down }, own, { title: "difference", group, down }];
  }));
}

function comparison() {
  const here = section(), metrics = shownMetrics(), scales = shownScales();
  const columns = [{ title: "Method", text: true }, ...comparisonColumns(metrics, scales)];
  const caption = metrics.map((metric) => metric.title + unitOf(metric)).join(", ")
    + ": mean over " + counted(here.scenes.length, "test scene");
  comparisonTable = new Sortable(caption, columns, { id: "comparison-table", class: columns.length > ACROSS + 1 ? "tight" : null });
  const place = new Map();
  for (const metric of metrics) {
    for (const { index } of scales) {
      place.set(metric.name + index, ranks(here.methods.map((one) => rankedValue(one.places[index].means[metric.name])), metric));
    }
  }
  const rows = here.methods.map((method, row) => ({
    method: row,
    words: (method.title + " " + method.label + " " + method.published.join(" ") + " " + method.paper).toLowerCase(),
    entries: [nameOf(method), ...metrics.flatMap((metric) => scales.flatMap((one) => {
      const entry_ = measured(method, one, metric, place.get(metric.name + one.index)[row]);
      if (!hasPublished(metric, one.scale)) return [entry_];
      const value = method.places[one.index].published[metric.name];
      return [printedEntry(value), entry_, differenceEntry(value)];
    }))],
  }));
  const printed = compared.published ? publishedAlone(metrics, scales) : [];
  const some = allShown() ? printed : bestPrinted(printed, metrics[0], scales);
  comparisonTable.fill([...rows, ...printed.map((row) => ({ ...row, printed: some.includes(row) }))]);
  const focused = document.activeElement && document.activeElement.id === "comparison-all";
  narrowComparison();
  moreRows(rows.length, printed.length, some.length);
  find("#comparison .place").replaceChildren(comparisonTable.node, legend(metrics));
  if (focused && find("#comparison-all")) find("#comparison-all").focus();
  find("#comparison .charts").classList.toggle("four", scales.length === 4);
  find("#comparison .charts").replaceChildren(...(shownMethods().length ? scales.map((one) => dots(here, metrics[0], one)).filter(known) : []));
  winners(metrics, scales);
  const notes = here.notes.map((note) => make("li", {}, note));
  find("#comparison .notes").replaceChildren(...(notes.length
    ? [make("h3", {}, "Notes"), make("ol", {}, notes)] : []));
}

// What a short list leaves out, and a button that shows it.
function moreRows(methods, printed, some) {
  const few = shortList().length;
  if (allShown() && few === methods) return;
  const rest = printed > some || (allShown() && printed > PRINTED) ? " and " + (allShown() ? printed : some) + " of " + counted(printed, "published row") : "";
  comparisonTable.under.append(
    make("button", { type: "button", class: "plain", id: "comparison-all",
      onclick: () => { showMethods(allShown() ? shortList() : section().methods.keys()); } },
    allShown() ? "Show " + few + " methods" : "Show all " + methods + " methods"),
    make("span", { class: "quiet" }, shownMethods().length + " of " + counted(methods, "method") + rest + " shown; the filter searches all"));
}

function nameOf(method) {
  const names = method.published.filter((name) => name !== method.title && section().published.some((row) => row.method === name));
  const beside = names.length && compared.published ? "in the paper: " + names.join(", ") : "";
  return {
    sort: method.title,
    node: [make("span", { title: method.paper || null }, method.title), section().badges ? badge(method.badge) : null,
      beside ? make("span", { class: "second" }, beside) : null],
  };
}

function printedEntry(value) {
  if (!value) return { sort: null, class: "paper", node: make("span", { class: "missing" }, DASH) };
  return { sort: value.value, class: "paper", node: make("span", { title: value.method + "; " + value.source }, value.text) };
}

function differenceEntry(value) {
  if (!value || !value.difference) return { sort: null, node: make("span", { class: "missing" }, DASH) };
  const kind = known(value.better) ? (value.better ? "better" : "worse") : null;
  return { sort: value.exact, node: make("span", { class: kind }, value.difference) };
}

function measured(method, { scale, index }, metric, rank) {
  const place = method.places[index], mean = place.means[metric.name];
  const title = method.title + ", " + onScale(scale) + ", " + metric.title;
  const published = compared.published ? place.published[metric.name] : null;
  const notes = mean.notes.length ? make("sup", {}, mean.notes.join(",")) : null;
  if (!known(mean.value)) {
    const [shown, why] = place.state === "done" ? [DASH, "It has no value of this metric."] : [place.state, place.why];
    const button = source(shown, title + ": " + place.state + ". " + why, title, [why], place.cells);
    return { sort: null, class: place.state, node: [button, notes] };
  }
  const lines = [
    mean.text + (metric.unit ? " " + metric.unit : "") + ": the mean over " + counted(mean.scenes, "test scene")
      + (mean.seeds > 1 ? " and " + mean.seeds + " seeds" : "")
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
  return { sort: mean.value, class: rank === 1 ? "best" : "", node,
    more: [mean.over_seeds || null, mean.over_scenes || null, mean.seeds] };
}

// Rows of the papers whose methods are not measured here.
function publishedAlone(metrics, scales) {
  const own = new Set(section().methods.flatMap((method) => method.published));
  const names = [...new Set(section().published.map((row) => row.method))].filter((name) => !own.has(name));
  const none = () => ({ sort: null, node: make("span", { class: "missing" }, DASH) });
  return names.map((name) => {
    const row = (metric, scale) => section().published.find(
      (one) => one.method === name && one.scale === scale && one.metric === metric.name);
    return {
      class: "printed",
      words: (name + " published").toLowerCase(),
      value: (metric, scale) => { const one = row(metric, scale); return one ? one.value : null; },
      entries: [
        { sort: name, node: [name, section().badges ? badge(["published", facts.badges.published]) : null,
          make("span", { class: "second" }, "published, not measured here")] },
        ...metrics.flatMap((metric) => scales.flatMap(({ scale }) => (hasPublished(metric, scale)
          ? [printedEntry(row(metric, scale)), none(), none()] : [none()]))),
      ],
    };
  }).filter((one) => metrics.some((metric) => scales.some(({ scale }) => known(one.value(metric, scale)))));
}

// The best published rows, at the scale where most have a value.
function bestPrinted(rows, metric, scales) {
  if (rows.length <= PRINTED) return rows;
  const count = ({ scale }) => rows.filter((row) => known(row.value(metric, scale))).length;
  const { scale } = scales.reduce((a, b) => (count(b) > count(a) ? b : a));
  const sign = metric.higher ? -1 : 1;
  const score = (row) => { const value = row.value(metric, scale); return known(value) ? sign * value : Infinity; };
  return [...rows].sort((a, b) => score(a) - score(b)).slice(0, PRINTED);
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
    parts.push("Published values are those under the same protocol, from the papers named above; the difference is measured "
      + "minus published. ", ...section().published_remarks.map((text) => text + " "));
  }
  const meanings = metrics.filter((metric) => metric.meaning).map(
    (metric) => [make("br"), make("b", {}, metric.title), ": " + metric.meaning + "."]);
  const badges = section().badges ? [make("br"), "Badges, from the weakest evidence to the strongest: ",
    Object.entries(facts.badges).map(([name, text], index) => [index ? ", " : "", badge([name, text]), " " + text]), "."] : [];
  // Tested are the main metrics alone.
  const tested = metrics.some((metric) => metric.main);
  const remarks = tested && section().remarks.length ? [make("br"), section().remarks.join(" ")] : [];
  return make("p", { class: "legend" }, parts, meanings.flat(), badges, remarks);
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
