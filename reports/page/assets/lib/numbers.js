// The data of the page, and numbers that depend on the selection; others are stored as texts.

const facts = JSON.parse(find("#facts").textContent);
const TIMES = "\u00d7", MINUS = "\u2212", DASH = "\u2013";

// The state that all views depend on.
const state = { section: 0, methods: [] };

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

// "1 scene", "7 scenes", "6 to 7 scenes".
function counted(count, noun) {
  return count + " " + noun + (String(count) === "1" ? "" : "s");
}

function known(value) {
  return value !== null && value !== undefined;
}

// 1 for the best, 2 for the second-best, 0 for the rest; equal printed values rank equally.
function ranks(values, metric) {
  const printed = values.map((value) => (known(value) ? Number(Number(value).toFixed(metric.digits)) : null));
  const present = [...new Set(printed.filter(known))].sort((a, b) => (metric.higher ? b - a : a - b));
  if (printed.filter(known).length < 2) return values.map(() => 0);
  return printed.map((value) => (known(value) && present.indexOf(value) < 2 ? present.indexOf(value) + 1 : 0));
}

// The value of a mean that is compared with others, null for one over fewer scenes than theirs.
function rankedValue(mean) {
  return mean.ranked ? mean.value : null;
}

function metricOf(name) {
  return section().metrics.find((metric) => metric.name === name) || section().metrics[0];
}

// The metrics of the main table, the primary one first.
function mainMetrics() {
  return section().metrics.filter((metric) => metric.main);
}

function heading(metric) {
  return metric.title + (metric.higher ? " \u2191" : " \u2193");
}

function unitOf(metric) {
  return metric.unit ? " in " + metric.unit : "";
}

function onScale(scale) {
  return TIMES + scale;
}
