// Which methods the page shows: a short list of many, any others by choice.

const FEW = 8, PRINTED = 5, LONG = 10; // methods and published rows of a short list; so many methods are not shortened

// The baseline and the methods with the best ranks by the first metric, over the scales.
function shortList() {
  const { methods, scales, metrics, baseline } = section(), everyone = methods.map((_, index) => index);
  if (everyone.length <= LONG) return everyone;
  const sums = everyone.map(() => 0);
  scales.forEach((_, index) => {
    const values = methods.map((one) => rankedValue(one.places[index].means[metrics[0].name]));
    const sign = metrics[0].higher ? -1 : 1;
    const order = values.map((value) => (known(value) ? sign * Number(value) : Infinity));
    everyone.forEach((one) => { sums[one] += order.filter((value) => value < order[one]).length; });
  });
  const best = [...everyone].sort((a, b) => sums[a] - sums[b]);
  const first = known(baseline) ? [baseline] : [];
  return [...new Set([...first, ...best])].slice(0, FEW).sort((a, b) => a - b);
}

function shownMethods() {
  return state.methods;
}

function allShown() {
  return state.methods.length === section().methods.length;
}

function showMethods(indices) {
  state.methods = [...indices].sort((a, b) => a - b);
  methodPicker();
  showViews();
  announce(state.methods.length + " of " + counted(section().methods.length, "method") + " shown");
}

// A list of all methods to choose from, with a search.
function methodPicker() {
  const here = section(), place = find("#methods");
  const shown = new Set(state.methods), opened = place.querySelector("details");
  const rows = here.methods.map((method, index) => ({
    words: (method.title + " " + method.label + " " + method.published.join(" ")).toLowerCase(),
    node: checkbox(method.title, shown.has(index), (value) => {
      if (value) shown.add(index); else shown.delete(index);
      showMethods(shown);
      find("#method-" + index).focus();
    }, { id: "method-" + index }),
  }));
  const several = (text, indices, id) => make("button", { type: "button", class: "plain", id, onclick: () => {
    showMethods(indices());
    find("#" + id).focus();
  } }, text);
  const narrow = (words) => rows.forEach((row) => { row.node.hidden = !row.words.includes(words); });
  const old = find("#methods-filter"), words = old ? old.value : "";
  const box = search("Find methods", narrow, { id: "methods-filter" });
  box.querySelector("input").value = words;
  narrow(words.trim().toLowerCase());
  place.replaceChildren(make("details", { class: "picker", open: Boolean(opened && opened.open) },
    make("summary", {}, "Methods: " + (allShown() ? "all " + here.methods.length : shown.size + " of " + here.methods.length + " shown")),
    make("div", { class: "controls" }, box,
      several("Show all", () => here.methods.keys(), "methods-all"),
      several(here.methods.length > LONG ? "The best " + FEW : "As at first", shortList, "methods-few"),
      several("None", () => [], "methods-none")),
    make("div", { class: "ticks" }, rows.map((row) => row.node))));
}
