// Plots as SVG: a dot plot of the table, and lines over wavelength.

function ticks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999);
  const values = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) values.push(at * step);
  return { values, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// One scale of the comparison: one dot per method, and a line from its worst to its best scene.
function dots(here, metric, { scale, index }) {
  const rows = here.methods.map((method) => {
    const place = method.places[index];
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
      draw("text", { x: x(value), y: bottom + 15, class: "tick middle" }, number(value, axis.digits)));
  }
  if (metric.unit) picture.append(draw("text", { x: width - right, y: bottom + 32, class: "tick end" }, metric.unit));
  rows.forEach((row, place) => {
    const y = top + place * line + line / 2;
    const name = row.method.title.length > 20 ? row.method.title.slice(0, 19) + "\u2026" : row.method.title;
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

// Lines over the bands. scene: {positions, axis}; series: {name, values, series}; mark: a position.
function lines(title, unit, scene, series, mark, attributes) {
  // As wide as its container, so that letters keep their size.
  const room = find("#images .right").clientWidth || 560;
  const width = Math.min(Math.max(room, 280), 640), height = 300, left = 52, right = 10, top = 14, bottom = 42;
  const picture = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "chart lines", "aria-label": title, ...attributes });
  const all = series.flatMap((one) => one.values).filter(known);
  if (!all.length) return picture;
  let low = Math.min(...all), high = Math.max(...all);
  if (high - low < 4) { const middle = (low + high) / 2; low = middle - 2; high = middle + 2; }
  const pad = (high - low) * 0.05;
  low -= pad; high += pad;
  const first = Math.min(...scene.positions), last = Math.max(...scene.positions);
  const x = (position) => left + ((position - first) / (last - first || 1)) * (width - left - right);
  const y = (value) => height - bottom - ((value - low) / (high - low)) * (height - top - bottom);
  const up = ticks(low, high, 6), along = ticks(first, last, width < 420 ? 4 : 7);
  for (const value of up.values) {
    picture.append(draw("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "grid" }),
      draw("text", { x: left - 7, y: y(value) + 4, class: "tick end" }, number(value, up.digits)));
  }
  for (const position of along.values) {
    picture.append(draw("text", { x: x(position), y: height - bottom + 17, class: "tick middle" }, number(position, along.digits)));
  }
  picture.append(
    draw("text", { x: (left + width - right) / 2, y: height - 6, class: "tick middle" }, scene.axis),
    draw("text", { x: 13, y: (top + height - bottom) / 2, class: "tick middle", transform: `rotate(-90 13 ${(top + height - bottom) / 2})` }, unit));
  if (known(mark)) picture.append(draw("line", { x1: x(mark), x2: x(mark), y1: top, y2: height - bottom, class: "mark" }));
  for (const one of series) {
    const points = one.values.map((value, index) => (known(value) ? `${x(scene.positions[index]).toFixed(1)},${y(value).toFixed(1)}` : null));
    picture.append(draw("polyline", { points: points.filter(known).join(" "), class: "line " + one.series },
      draw("title", {}, one.name)));
  }
  return picture;
}

// The class that gives a line its colour and dashes; truth has its own.
function seriesOf(index) {
  return "series-" + (index % 8) + (index >= 8 ? " again" : "");
}

// A legend whose entries switch lines on and off. entries: {name, series}.
function legendOf(entries, hidden, changed) {
  return make("div", { class: "keys", role: "group", "aria-label": "Lines shown" }, entries.map((one) => make("button", {
    type: "button", class: "key", "aria-pressed": String(!hidden.has(one.name)),
    onclick: () => { if (!hidden.delete(one.name)) hidden.add(one.name); changed(); },
  }, draw("svg", { viewBox: "0 0 28 8", "aria-hidden": "true" },
    draw("line", { x1: 0, x2: 28, y1: 4, y2: 4, class: "line " + one.series })), one.name)));
}
