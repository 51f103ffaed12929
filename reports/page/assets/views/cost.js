// What the numbers cost: the first metric against operations and against seconds.

const priced = { metric: "", scale: "" };

function costControls() {
  const here = section();
  if (!here.metrics.some((one) => one.name === priced.metric)) priced.metric = here.metrics[0].name;
  if (!here.scales.map(String).includes(priced.scale)) priced.scale = String(here.scales[0]);
  find("#cost .controls").replaceChildren(
    select("Metric", here.metrics.map((one) => [one.name, one.title]), priced.metric,
      (value) => { priced.metric = value; cost(); }, { id: "cost-metric" }),
    select("Scale", here.scales.map((one) => [String(one), onScale(one)]), priced.scale,
      (value) => { priced.scale = value; cost(); }, { id: "cost-scale" }),
  );
}

function cost() {
  const here = section(), metric = metricOf(priced.metric), index = here.scales.indexOf(Number(priced.scale));
  const place = find("#cost .place");
  const table = new Sortable(metric.title + " and cost at " + onScale(here.scales[index]), [
    { title: "Method", text: true }, { title: heading(metric), down: metric.higher }, { title: "Parameters" },
    { title: "Operations" }, { title: "s per scene" }, { title: "Training" },
  ], { id: "cost-table" });
  const shown = new Set(shownMethods());
  table.filter = (row) => shown.has(row.method);
  table.fill(here.methods.map((method, number_) => {
    const { means, cost: price } = method.places[index], mean = means[metric.name];
    const seconds = (one) => (price.elsewhere && known(one.value)
      ? { node: "(" + one.text + ")", sort: null, csv: one.value } : { node: one.text, sort: one.value });
    const plain = (one) => ({ node: one.text, sort: one.value });
    return { method: number_, entries: [{ node: method.title, sort: method.title }, { node: mean.text, sort: mean.value },
      plain(price.parameters), plain(price.operations), seconds(price.upscale), seconds(price.fit)] };
  }));
  const room = pairRoom(place);
  place.replaceChildren(make("div", { class: "pair" },
    costPlot(room, metric, index, "operations", "operations of one estimate (FLOP)"),
    costPlot(room, metric, index, "upscale", "seconds per scene")), table.node,
  make("p", { class: "legend" }, "Operations: floating-point operations of one forward pass for a low-resolution image of "
    + "32 " + TIMES + " 32 pixels, two for each multiplication, counted from the networks as they are now; methods that are no "
    + "networks are not counted. Seconds: of the method alone, on " + here.machine + "; those in parentheses are of "
    + "another machine and not compared. Parameters: values that were learned. Line: no method is both better and cheaper than those on it."));
}

// One plot: a figure with the names of the methods that it cannot show.
function costPlot(room, metric, index, name, title) {
  const here = section(), points = [], absent = [];
  for (const number_ of shownMethods()) {
    const method = here.methods[number_], place = method.places[index], price = place.cost[name];
    const value = rankedValue(place.means[metric.name]);
    if (!known(value) || !Number.isFinite(Number(value)) || !known(price.value) || (name === "upscale" && place.cost.elsewhere)) {
      absent.push(method.title);
      continue;
    }
    points.push({ x: price.value, y: Number(value), name: method.title, series: seriesOf(number_),
      note: method.title + ": " + number(value, metric.digits) + (metric.unit ? " " + metric.unit : "") + ", " + price.text });
  }
  const head = metric.title + " against " + (name === "upscale" ? "seconds" : "operations") + " at " + onScale(here.scales[index]);
  return make("figure", { id: "cost-" + name }, make("h3", {}, head),
    points.length ? scatter(room, head + "; the table below holds the same numbers", { title }, { title: metric.title + unitOf(metric) }, points, metric.higher)
      : make("p", { class: "quiet" }, name === "upscale" ? "No time is known here." : "No network is shown here."),
    points.length && absent.length ? make("figcaption", { class: "quiet" }, "Not in this plot: " + absent.join(", ") + ".") : null);
}
