// The image viewer: two of truth, low-resolution image and estimates, with a slider between them.

const TRUTH = "Truth", LOW = "Low resolution";
const viewer = {
  scene: null, scale: null, left: "", right: "", view: "band", band: null, bright: 1, top: 10,
  divider: 50, minus: false, pixel: null, cubes: new Map(), turn: 0,
};

function sceneFacts(index) {
  return section().images.scenes.find(([scene]) => scene === index)[1];
}

// The images available at the chosen scale: {name, cube, series, psnr}, truth first.
function visible(scene) {
  const low = scene.low.find(([scale]) => scale === viewer.scale);
  const found = [{ key: "truth", name: TRUTH, cube: scene.truth, series: "series-truth" }];
  if (low) found.push({ key: "low", name: LOW, cube: low[1], low: true });
  for (const [method, scale, cube, psnr] of [...scene.shown].sort((a, b) => a[0] - b[0])) {
    if (scale !== viewer.scale) continue;
    found.push({ key: String(method), method, name: section().methods[method].title, cube, psnr, series: seriesOf(method) });
  }
  return found;
}

// Methods that cannot be shown at the chosen scale, and why.
function notShown() {
  const here = section(), index = here.scales.indexOf(viewer.scale), images = here.images;
  return here.methods.flatMap((method, number) => {
    const place = method.places[index];
    if (place.state !== "done") return [method.title + ": " + place.state + ". " + place.why];
    const said = images.absent.filter(([one, scale, scene]) => one === number && scale === viewer.scale
      && scene === viewer.scene).map((one) => one[3]);
    return said.map((why) => method.title + ": " + why);
  });
}

function images() {
  const place = find("#images .place"), controls = find("#images .controls"), known_ = section().images;
  if (!known_ || !known_.scenes.length) {
    controls.replaceChildren();
    const whys = known_ ? [...new Set(known_.absent.map(([method, scale, , why]) =>
      section().methods[method].title + " " + onScale(scale) + ": " + why))] : [];
    place.replaceChildren(make("p", { class: "warning" }, facts.without || "There are no images of these cells."),
      whys.length ? make("ul", { class: "reasons" }, whys.map((why) => make("li", {}, why))) : "");
    return;
  }
  if (!known_.scenes.some(([scene]) => scene === viewer.scene)) viewer.scene = known_.scenes[0][0];
  if (!section().scales.includes(viewer.scale)) viewer.scale = section().scales[0];
  place.replaceChildren(frame());
  showScene(viewer.scene, viewer.scale);
}

function showScene(scene, scale) {
  if (scene !== viewer.scene) viewer.pixel = null;
  viewer.scene = scene;
  viewer.scale = section().scales.includes(scale) ? scale : section().scales[0];
  const facts_ = sceneFacts(viewer.scene), shown = visible(facts_);
  const bands = facts_.bands.length;
  if (viewer.band === null || viewer.band >= bands) viewer.band = facts_.first;
  const keys = shown.map((one) => one.key);
  if (!keys.includes(viewer.left)) viewer.left = keys.includes("low") ? "low" : "truth";
  if (!keys.includes(viewer.right)) viewer.right = bestOf(shown);
  viewerControls(facts_, shown);
  load();
}

// The method with the best first metric, shown initially.
function bestOf(shown) {
  const metric = section().metrics[0], index = section().scales.indexOf(viewer.scale), sign = metric.higher ? 1 : -1;
  const score = (one) => Number(section().methods[one.method].places[index].scores[metric.name][viewer.scene] ?? -Infinity * sign);
  const methods = shown.filter((one) => known(one.method)).sort((a, b) => sign * (score(b) - score(a)));
  return methods.length ? methods[0].key : "truth";
}

function viewerControls(scene, shown) {
  const here = section(), absent = notShown();
  const options = shown.map((one) => [one.key, one.name]);
  const set = (name, after) => (value) => { viewer[name] = value; after(); };
  find("#images .controls").replaceChildren(
    select("Scene", here.images.scenes.map(([index]) => [String(index), here.scenes[index]]), String(viewer.scene),
      (value) => { showScene(Number(value), viewer.scale); find("#view-scene").focus(); }, { id: "view-scene" }),
    select("Scale", here.scales.map((one) => [String(one), onScale(one)]), String(viewer.scale),
      (value) => { showScene(viewer.scene, Number(value)); find("#view-scale").focus(); }, { id: "view-scale" }),
    select("Left", options, viewer.left, set("left", render), { id: "view-left" }),
    select("Right", options, viewer.right, set("right", render), { id: "view-right" }),
    select("View", [["band", "one band"], ["colour", "false colour"], ["error", "error"]], viewer.view,
      set("view", render), { id: "view-mode" }),
    select("Brightness", [1, 2, 4, 8].map((one) => [String(one), TIMES + one]), String(viewer.bright),
      (value) => { viewer.bright = Number(value); render(); }, { id: "view-bright" }),
    select("Errors up to", [5, 10, 20, 40].map((one) => [String(one), one + " grey levels"]), String(viewer.top),
      (value) => { viewer.top = Number(value); render(); }, { id: "view-top" }),
  );
  find("#unseen").replaceChildren(...(absent.length
    ? [make("h3", {}, "Not shown"), make("ul", { class: "reasons" }, absent.map((why) => make("li", {}, why)))] : []));
  find("#view-band").max = scene.bands.length - 1;
  find("#view-band").value = viewer.band;
}

function frame() {
  const slider = make("input", { type: "range", id: "view-divider", min: 0, max: 100, value: viewer.divider, step: 1,
    oninput: (event) => { viewer.divider = Number(event.target.value); divide(); } });
  const bands = make("input", { type: "range", id: "view-band", min: 0, value: 0, step: 1,
    oninput: (event) => { viewer.band = Number(event.target.value); render(); } });
  const pixel = (name, axis) => make("label", { class: "field" }, name, make("input", {
    type: "number", id: "pixel-" + name.toLowerCase(), step: 1,
    onchange: (event) => choose(axis, Number(event.target.value) - sceneFacts(viewer.scene).corner[axis]) }));
  return make("div", { class: "viewer" },
    make("div", { class: "left" },
      make("div", { id: "stage", class: "stage", tabindex: 0, role: "application",
        "aria-label": "Image. Arrow keys move the pixel whose spectra are shown, with Shift eight pixels.",
        onkeydown: pressed, onpointerdown: grabbed },
      make("canvas", { id: "canvas-left" }), make("canvas", { id: "canvas-right" }),
      make("div", { class: "divider", id: "divider" }, make("span", { "aria-hidden": "true" }, "\u2039\u203a")),
      make("div", { class: "cross", id: "cross" }),
      make("span", { class: "tag west", id: "tag-left" }), make("span", { class: "tag east", id: "tag-right" })),
      make("label", { class: "range" }, make("span", {}, "Divider"), slider, make("output", { id: "divider-text" })),
      make("label", { class: "range" }, make("span", {}, "Band"), bands, make("output", { id: "band-text" })),
      make("div", { id: "scale-bar" }),
      make("div", { class: "scroller", role: "region", "aria-label": "Both images in numbers", tabindex: 0 },
        make("table", { id: "view-table", class: "small" })),
      make("div", { class: "under" }, csvButton("both images in numbers", () => saveCsv("images", rowsOf(find("#view-table"))))),
      make("div", { class: "pixel" }, pixel("Row", 0), pixel("Column", 1), make("p", { id: "pixel-text", role: "status", "aria-live": "polite" })),
      make("div", { id: "where", class: "where" })),
    make("div", { class: "right" },
      make("div", { id: "keys" }),
      checkbox("spectra minus the truth", viewer.minus, (value) => { viewer.minus = value; mark(); }, { id: "view-minus" }),
      make("div", { id: "spectra" }), make("div", { id: "bands" }), make("div", { id: "unseen" })));
}

async function load() {
  const scene = sceneFacts(viewer.scene), shown = visible(scene), scale = viewer.scale;
  const turn = viewer.turn += 1;
  const cubes = await Promise.all(shown.map((one) => unpack(one.cube)));
  if (turn !== viewer.turn) return; // another scene was chosen meanwhile
  viewer.cubes = new Map(shown.map((one, index) => {
    const cube = one.low ? enlarge(cubes[index], scale, scene.corner, scene.truth.shape.slice(1)) : cubes[index];
    return [one.key, { ...one, cube }];
  }));
  const truth = viewer.cubes.get("truth").cube;
  if (!viewer.pixel) viewer.pixel = [Math.floor(truth.rows / 3), Math.floor((truth.columns * 2) / 3)];
  viewer.pixel = [Math.min(viewer.pixel[0], truth.rows - 1), Math.min(viewer.pixel[1], truth.columns - 1)];
  find("#where").replaceChildren(...minimap(scene, [...viewer.cubes.values()].every((one) => one.cube.exact)));
  render();
}

function render() {
  if (!viewer.cubes.size) return;
  const scene = sceneFacts(viewer.scene), truth = viewer.cubes.get("truth").cube;
  for (const side of ["left", "right"]) {
    const one = viewer.cubes.get(viewer[side]);
    paint(find("#canvas-" + side), one.cube, truth, { ...viewer, colours: scene.colours });
    find("#tag-" + side).textContent = one.name;
  }
  find("#stage").style.aspectRatio = truth.columns + " / " + truth.rows;
  find("#view-band").disabled = viewer.view === "colour";
  find("#view-bright").disabled = viewer.view === "error";
  find("#view-top").disabled = viewer.view !== "error";
  const band = scene.bands[viewer.band], place = "band " + (viewer.band + 1) + " of " + scene.bands.length;
  const text = viewer.view === "colour"
    ? scene.colours.map((band) => scene.bands[band]).join(", ") + " as red, green, blue"
    : place.startsWith(band + " ") ? place : band + " (" + place + ")"; // its wavelength may be unknown
  find("#band-text").textContent = text;
  find("#view-band").setAttribute("aria-valuetext", text);
  scaleBar();
  sideTable(truth, band);
  divide();
  mark();
}
