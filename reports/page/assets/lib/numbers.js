// Numbers as a reader expects them.

const facts = JSON.parse(find("#facts").textContent);
const TIMES = "\u00d7", MINUS = "\u2212", DASH = "\u2013";

// The state that everything follows.
const state = { section: 0 };

function section() {
  return facts.sections[state.section];
}

function number(value, digits) {
  if (value === null || value === undefined) return DASH;
  const known = Number(value);
  if (!Number.isFinite(known)) return known > 0 ? "\u221e" : MINUS + "\u221e";
  const text = known.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", MINUS);
}

function signed(value, digits) {
  const text = number(value, digits);
  return text.startsWith(MINUS) || Number(text) === 0 ? text : "+" + text;
}

function known(value) {
  return value !== null && value !== undefined;
}

// 1 for the best, 2 for the second-best, 0 for the rest; what prints alike ranks alike.
function ranks(values, metric) {
  const printed = values.map((value) => (known(value) ? Number(Number(value).toFixed(metric.digits)) : null));
  const present = [...new Set(printed.filter(known))].sort((a, b) => (metric.higher ? b - a : a - b));
  if (printed.filter(known).length < 2) return values.map(() => 0);
  return printed.map((value) => (known(value) && present.indexOf(value) < 2 ? present.indexOf(value) + 1 : 0));
}

function mean(values) {
  const present = values.filter(known).map(Number);
  return present.length ? present.reduce((sum, value) => sum + value, 0) / present.length : null;
}

// The sample's standard deviation; null where there are not two finite values.
function spread(values) {
  const present = values.filter(known).map(Number);
  if (present.length < 2 || !present.every(Number.isFinite)) return null;
  const middle = mean(present);
  return Math.sqrt(present.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (present.length - 1));
}

function duration(seconds) {
  if (!known(seconds)) return DASH;
  for (const [limit, unit, size] of [[120, "s", 1], [7200, "min", 60], [172800, "h", 3600]]) {
    if (seconds < limit) return (seconds / size).toFixed(seconds / size < 10 ? 1 : 0) + " " + unit;
  }
  return (seconds / 86400).toFixed(1) + " d";
}

// A small positive number with about three digits that mean something.
function significant(value) {
  if (!known(value)) return DASH;
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value >= 0.001 ? value.toFixed(3) : "< 0.001";
}

function grouped(value) {
  return known(value) ? String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f") : DASH;
}

function metricOf(name) {
  return section().metrics.find((metric) => metric.name === name) || section().metrics[0];
}

function heading(metric) {
  return metric.title + (metric.higher ? " \u2191" : " \u2193");
}

function unitOf(metric) {
  return metric.unit ? " in " + metric.unit : "";
}

function publishedOf(method, scale, metric) {
  return section().published.find(
    (row) => row.method === method && row.scale === scale && row.metric === metric,
  );
}

function onScale(scale) {
  return TIMES + scale;
}
