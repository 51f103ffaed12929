// Every scene's own scores.

const perScene = { metric: "", scale: "", words: "" };
let sceneTable = null;

function sceneControls() {
  const here = section();
  if (!here.metrics.some((one) => one.name === perScene.metric)) perScene.metric = here.metrics[0].name;
  if (!here.scales.map(String).includes(perScene.scale)) perScene.scale = String(here.scales[0]);
  perScene.words = "";
  find("#scenes .controls").replaceChildren(
    select("Metric", here.metrics.map((one) => [one.name, one.title]), perScene.metric,
      (value) => { perScene.metric = value; scenes(); }, { id: "scenes-metric" }),
    select("Scale", here.scales.map((one) => [String(one), onScale(one)]), perScene.scale,
      (value) => { perScene.scale = value; scenes(); }, { id: "scenes-scale" }),
    search("Filter scenes", (value) => {
      perScene.words = value;
      sceneTable.narrow((row) => row.words.includes(value));
    }, { id: "scenes-filter" }),
  );
}

function scenes() {
  const here = section(), metric = metricOf(perScene.metric);
  const index = here.scales.indexOf(Number(perScene.scale));
  const columns = [{ title: "Scene", text: true },
    ...here.methods.map((method, number_) => ({ title: method.title, down: metric.higher, hidden: !shownMethods().includes(number_) }))];
  const caption = metric.title + unitOf(metric) + " at " + onScale(here.scales[index]) + ", scene by scene";
  sceneTable = new Sortable(caption, columns, { id: "scenes-table" });
  const rows = here.scenes.map((name, row) => {
    const values = here.methods.map((method) => method.places[index].scores[metric.name][row]);
    const places = ranks(values, metric);
    return {
      words: name.toLowerCase(),
      entries: [{ sort: name, node: sceneName(name, row, here.scales[index]) },
        ...values.map((value, method) => score(here, method, index, value, places[method], metric, name))],
    };
  });
  const means = here.methods.map((method) => method.places[index].means[metric.name]);
  const best = ranks(means.map(rankedValue), metric);
  sceneTable.fill(rows, {
    entries: [{ node: "Mean" }, ...means.map((one, method) => ({ node: marked(one.text, best[method]) }))],
  });
  if (perScene.words) sceneTable.narrow((row) => row.words.includes(perScene.words));
  const absent = shownMethods().map((one) => here.methods[one]).filter((method) => method.places[index].state !== "done").map((method) => make("li", {},
    method.title + ": " + method.places[index].state + ". " + method.places[index].why));
  find("#scenes .place").replaceChildren(sceneTable.node,
    make("p", { class: "legend" }, make("strong", {}, "Bold"), " best, ", make("u", {}, "underlined"),
      " second-best method of the scene, of all methods. ", metric.meaning ? [make("b", {}, metric.title), ": " + metric.meaning + "."] : ""),
    ...(absent.length ? [make("ul", { class: "reasons" }, absent)] : []));
}

function sceneName(name, row, scale) {
  const here = section();
  if (!here.images || !here.images.scenes.some(([scene]) => scene === row)) return name;
  return [name, " ", make("button", {
    type: "button", class: "show", "aria-label": "Show images of " + name,
    onclick: () => { showScene(row, scale); find("#images").scrollIntoView(); find("#images-title").focus(); },
  }, "images")];
}

function score(here, method, index, value, rank, metric, name) {
  const one = here.methods[method], place = one.places[index];
  if (!known(value)) {
    const state = place.state === "done" ? DASH : place.state;
    return { sort: null, class: place.state, node: make("span", { title: place.why || null }, state) };
  }
  const text = number(value, metric.digits), seeds = place.means[metric.name].seeds;
  const title = one.title + ", " + onScale(here.scales[index]) + ", " + name + ", " + metric.title;
  const line = text + (metric.unit ? " " + metric.unit : "") + (seeds > 1
    ? ": the mean over " + seeds + " seeds" : "") + "; unrounded " + String(value) + ".";
  return {
    sort: value, class: rank === 1 ? "best" : "",
    node: source(marked(text, rank), title + ": " + text + ". Where it comes from", title, [line], place.cells),
  };
}
