// Axes of plots: their ticks, and the frame that every plot is drawn in.

function ticks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999);
  const values = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) values.push(at * step);
  return { values, write: (value) => number(value, Math.max(0, -Math.floor(Math.log10(step) + 1e-9))) };
}

// Powers of ten, with 2 and 5 between them where there are few.
function logTicks(low, high) {
  const decades = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) decades.push(10 ** power);
  const within = (values) => values.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  const every = Math.ceil(within(decades).length / 7);
  const few = within(decades).length < 3;
  const values = few ? within(decades.flatMap((one) => [one, 2 * one, 5 * one])) : within(decades).filter((_, index) => index % every === 0);
  return { values, write: short };
}

// 1200 as "1.2k", 3e9 as "3G", 0.004 as "0.004".
function short(value) {
  const sizes = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [size, letter] = sizes.find(([one]) => Math.abs(value) >= one * 0.9999) || [1, ""];
  return String(Number((value / size).toPrecision(3))).replace("-", MINUS) + letter;
}

// A range of an axis: {low, high, log}, with room around the values.
function rangeOf(values, { log = false, room = 0.05, least = 0 } = {}) {
  let low = Math.min(...values), high = Math.max(...values);
  if (log) {
    const stretch = Math.max((high / low) ** room, 1.15);
    return { low: low / stretch, high: high * stretch, log };
  }
  if (high - low < least || high === low) {
    const half = Math.max(least, Math.abs(high) * 0.01, 1e-6) / 2, middle = (low + high) / 2;
    [low, high] = [middle - half, middle + half];
  }
  const pad = (high - low) * room;
  return { low: low - pad, high: high + pad, log };
}

// The width of each of two plots that stand side by side where there is room.
function pairRoom(place) {
  const width = place.clientWidth;
  return width > 760 ? (width - 24) / 2 : width;
}

// A plot with its axes. Returns {picture, x, y, box}; x and y convert values to places.
function axesOf(room, title, across, up, attributes) {
  // As wide as its container, so that letters keep their size.
  const width = Math.min(Math.max(room || 560, 280), 640), height = Math.round(Math.min(300, 190 + width * 0.18));
  const box = { left: 66, right: width - 12, top: 14, bottom: height - 42 };
  const picture = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "chart", "aria-label": title, ...attributes });
  const share = ({ low, high, log }) => (value) => (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  const [along, above] = [share(across.range), share(up.range)];
  const x = (value) => box.left + along(value) * (box.right - box.left);
  const y = (value) => box.bottom - above(value) * (box.bottom - box.top);
  const marks = (range, count) => (range.log ? logTicks(range.low, range.high) : ticks(range.low, range.high, count));
  const rows = marks(up.range, 6), columns = marks(across.range, width < 420 ? 4 : 7);
  for (const value of rows.values) {
    picture.append(draw("line", { x1: box.left, x2: box.right, y1: y(value), y2: y(value), class: "grid" }),
      draw("text", { x: box.left - 7, y: y(value) + 4, class: "tick end" }, rows.write(value)));
  }
  for (const value of columns.values) {
    picture.append(draw("line", { x1: x(value), x2: x(value), y1: box.bottom, y2: box.bottom + 4, class: "grid" }),
      draw("text", { x: x(value), y: box.bottom + 17, class: "tick middle" }, (across.write || columns.write)(value)));
  }
  const middle = (box.top + box.bottom) / 2;
  picture.append(
    draw("text", { x: (box.left + box.right) / 2, y: height - 6, class: "tick middle" }, across.title),
    draw("text", { x: 13, y: middle, class: "tick middle", transform: `rotate(-90 13 ${middle})` }, up.title));
  return { picture, x, y, box };
}
