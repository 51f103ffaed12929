// Plots as SVG: a dot plot of the table, lines, and points with names.

// One scale of the comparison: one dot per method, and a line from its worst to its best scene.
function dots(here, metric, { scale, index }) {
  const rows = shownMethods().map((number_) => {
    const method = here.methods[number_], place = method.places[index];
    const scenes = place.scores[metric.name].filter(known).map(Number).filter(Number.isFinite);
    const { value } = place.means[metric.name];
    const printed = compared.published ? place.published[metric.name] : null;
    return { method, place, scenes, value: Number.isFinite(Number(value)) && known(value) ? Number(value) : null, printed };
  });
  const all = rows.flatMap((row) => [row.value, row.printed ? row.printed.value : null, ...row.scenes]).filter(known);
  if (!all.length) return null;
  const width = 380, left = 142, right = 12, top = 26, line = 24, height = top + rows.length * line + 40;
  let low = Math.min(...all), high = Math.max(...all);
  if (low === high) { low -= 1; high += 1; }
  const pad = (high - low) * 0.04;
  const x = (value) => left + ((value - low + pad) / (high - low + 2 * pad)) * (width - left - right);
  const axis = ticks(low, high, 5), bottom = top + rows.length * line;
  const picture = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "chart dots",
    "aria-label": metric.title + " at " + onScale(scale) + "; the table above holds the same numbers" });
  picture.append(draw("text", { x: left, y: 15, class: "title" }, heading(metric) + " at " + onScale(scale)));
  for (const value of axis.values) {
    picture.append(draw("line", { x1: x(value), x2: x(value), y1: top, y2: bottom, class: "grid" }),
      draw("text", { x: x(value), y: bottom + 15, class: "tick middle" }, axis.write(value)));
  }
  if (metric.unit) picture.append(draw("text", { x: width - right, y: bottom + 32, class: "tick end" }, metric.unit));
  rows.forEach((row, place) => {
    const y = top + place * line + line / 2;
    const name = clipped(row.method.title, 20);
    picture.append(draw("text", { x: left - 8, y: y + 4, class: "label end" }, name));
    if (row.scenes.length > 1) {
      picture.append(draw("line", { x1: x(Math.min(...row.scenes)), x2: x(Math.max(...row.scenes)), y1: y, y2: y, class: "range" }));
    }
    if (row.printed) {
      const at = x(row.printed.value);
      picture.append(draw("path", { d: `M${at} ${y - 6}l6 6l-6 6l-6 -6z`, class: "printed" },
        draw("title", {}, "published " + row.printed.text)));
    }
    if (known(row.value)) {
      picture.append(draw("circle", { cx: x(row.value), cy: y, r: 5, class: "dot" },
        draw("title", {}, row.method.title + " " + number(row.value, metric.digits))));
    } else {
      picture.append(draw("text", { x: left + 4, y: y + 4, class: "tick" }, row.place.state));
    }
  });
  return make("figure", {}, picture, make("figcaption", { class: "quiet" },
    "\u25cf mean, line: worst to best scene" + (rows.some((row) => row.printed) ? ", \u25c7 published" : "")));
}

// Lines. across: {title, log}; up: {title, log, least}; series: {name, points, series, notes}; mark: a place on
// the x axis. Points are [x, y]; notes are shown of the point next to the mouse.
function lines(room, title, across, up, series, mark, attributes) {
  const all = series.flatMap((one) => one.points);
  if (!all.length) return make("p", { class: "quiet", ...attributes }, "No line is shown.");
  const along = across.range || rangeOf(all.map((point) => point[0]), { log: across.log, room: 0 });
  const above = rangeOf(all.map((point) => point[1]), { log: up.log, least: up.least });
  const { picture, x, y, box } = axesOf(room, title, { ...across, range: along }, { ...up, range: above }, attributes);
  picture.classList.add("lines");
  if (known(mark)) picture.append(draw("line", { x1: x(mark), x2: x(mark), y1: box.top, y2: box.bottom, class: "mark" }));
  const spots = [];
  for (const one of series) {
    const places = one.points.map(([value, height]) => [x(value).toFixed(1), y(height).toFixed(1)]);
    picture.append(draw("polyline", { points: places.map((place) => place.join()).join(" "), class: "line " + one.series },
      draw("title", {}, one.name)));
    for (const [index, place] of one.notes ? places.entries() : []) spots.push([...place.map(Number), one.notes[index], one.series]);
  }
  if (spots.length) readOut(picture, spots, box);
  return picture;
}

// Show the note of the point nearest to the mouse. spots: [x, y, note, class].
function readOut(picture, spots, box) {
  const dot = draw("circle", { r: 4.5, visibility: "hidden" });
  const text = draw("text", { x: box.left + 6, y: box.top + 4, class: "halo note" });
  picture.append(dot, text);
  picture.addEventListener("pointermove", (event) => {
    const shown = picture.getBoundingClientRect(), scale = picture.viewBox.baseVal.width / shown.width;
    const [x, y] = [(event.clientX - shown.left) * scale, (event.clientY - shown.top) * scale];
    const far = (spot) => (spot[0] - x) ** 2 + (spot[1] - y) ** 2;
    const [cx, cy, note, series] = spots.reduce((a, b) => (far(b) < far(a) ? b : a));
    fill(dot, { cx, cy, class: "dot fill " + series.split(" ")[0], visibility: "visible" }, []);
    text.textContent = note;
  });
  picture.addEventListener("pointerleave", () => { dot.setAttribute("visibility", "hidden"); text.textContent = ""; });
}

// Points with names. points: {x, y, name, note, series}; front: whether the best of them are joined.
function scatter(room, title, across, up, points, higher) {
  const along = rangeOf(points.map((one) => one.x), { log: true, room: 0.12 });
  const above = rangeOf(points.map((one) => one.y), { room: 0.12 });
  const { picture, x, y, box } = axesOf(room, title, { ...across, range: along }, { ...up, range: above });
  picture.classList.add("scatter");
  const best = front(points, higher);
  const steps = best.map((one, index) => (index ? `H${x(one.x).toFixed(1)}V${y(one.y).toFixed(1)}` : `M${x(one.x).toFixed(1)} ${y(one.y).toFixed(1)}`));
  picture.append(draw("path", { d: steps.join("") + `H${box.right}`, class: "front" }));
  const placed = points.map((one) => ({ ...one, cx: x(one.x), cy: y(one.y) }));
  const taken = placed.map((one) => [one.cx - 6, one.cy - 6, one.cx + 6, one.cy + 6]);
  for (const one of placed) {
    picture.append(draw("circle", { cx: one.cx, cy: one.cy, r: 5.5, class: "dot fill " + one.series }, draw("title", {}, one.note)));
  }
  for (const one of [...placed].sort((a, b) => a.cy - b.cy)) {
    const { at, anchor, line } = nameAt(one, taken, box);
    taken.push(at);
    if (line) picture.append(draw("line", { x1: one.cx, y1: one.cy, x2: Math.min(Math.max(one.cx, at[0]), at[2]), y2: at[1] > one.cy ? at[1] : at[3], class: "leader" }));
    const x_ = anchor === "end" ? at[2] : anchor === "middle" ? (at[0] + at[2]) / 2 : at[0];
    picture.append(draw("text", { x: x_, y: at[3] - 4, class: "label halo " + anchor }, clipped(one.name, 20)));
  }
  return picture;
}

// The points that no other one is cheaper and better than, the cheapest first.
function front(points, higher) {
  const sign = higher ? 1 : -1, best = [];
  for (const one of [...points].sort((a, b) => a.x - b.x || sign * (b.y - a.y))) {
    if (!best.length || sign * one.y > sign * best[best.length - 1].y) best.push(one);
  }
  return best;
}

// A free place for a name around its point: {at: [left, top, right, bottom], anchor, line: whether it needs one}.
function nameAt({ cx, cy, name }, taken, box) {
  const width = clipped(name, 20).length * 7.4 + 2, height = 15;
  const found = [];
  for (const far of [0, 14, 28, 44, 62]) {
    for (const [left, top, anchor] of [[cx + 9, cy - 7.5, "start"], [cx - 9 - width, cy - 7.5, "end"], [cx - width / 2, cy - 23, "middle"], [cx - width / 2, cy + 9, "middle"]]) {
      for (const shift of far ? [-far, far] : [0]) found.push({ at: [left, top + shift, left + width, top + shift + height], anchor, line: far > 0 });
    }
  }
  const overlap = ([a, b, c, d]) => taken.reduce((sum, [e, f, g, h]) => sum
    + Math.max(0, Math.min(c, g) - Math.max(a, e)) * Math.max(0, Math.min(d, h) - Math.max(b, f)), 0);
  const outside = ([a, b, c, d]) => Math.max(0, box.left - a) + Math.max(0, c - box.right) + Math.max(0, box.top - 8 - b) + Math.max(0, d - box.bottom);
  const cost = (one, index) => overlap(one.at) + outside(one.at) * 40 + index * 0.4;
  return found.map((one, index) => [cost(one, index), one]).reduce((a, b) => (b[0] < a[0] ? b : a))[1];
}

function clipped(name, most) {
  return name.length > most ? name.slice(0, most - 1) + "\u2026" : name;
}

const COLOURS = 10; // of the style sheet

// The class that gives a method its colour and dashes: by its place among those shown, so that few share one.
function seriesOf(method) {
  const shown = shownMethods().indexOf(method);
  const place = shown < 0 ? method : shown;
  return "series-" + (place % COLOURS) + (place >= COLOURS ? " again" : "");
}

// A legend whose entries switch lines on and off. entries: {name, series}.
function legendOf(entries, hidden, changed) {
  return make("div", { class: "keys", role: "group", "aria-label": "Lines shown" }, entries.map((one) => make("button", {
    type: "button", class: "key", "aria-pressed": String(!hidden.has(one.name)),
    onclick: () => { if (!hidden.delete(one.name)) hidden.add(one.name); changed(); },
  }, draw("svg", { viewBox: "0 0 28 8", "aria-hidden": "true" },
    draw("line", { x1: 0, x2: 28, y1: 4, y2: 4, class: "line " + one.series })), one.name)));
}
