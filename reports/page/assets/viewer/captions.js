// Around the image: its position in the scene, its colour bar, its numbers.

// A small picture of the whole scene with the window, and a description of the previews.
function minimap(scene, exact) {
  const [rows, columns] = scene.small, [height, width] = scene.shape, [, tall, wide] = scene.truth.shape;
  const picture = draw("svg", { viewBox: `0 0 ${columns} ${rows}`, role: "img", class: "overview",
    "aria-label": "The whole scene in false colour; the window is marked" },
  draw("image", { href: "data:image/webp;base64," + find("#image-" + scene.overview).textContent, width: columns, height: rows }),
  ["edge", "window"].map((kind) => draw("rect", { x: scene.corner[1] / width * columns, y: scene.corner[0] / height * rows,
    width: wide / width * columns, height: tall / height * rows, class: kind })));
  const text = tall === height && wide === width
    ? "The images show the whole scene."
    : "The images show a window of " + wide + " " + TIMES + " " + tall + " of the scene\u2019s " + width + " " + TIMES + " "
      + height + " pixels, around its most detailed part (rows " + scene.corner[0] + " to " + (scene.corner[0] + tall - 1)
      + ", columns " + scene.corner[1] + " to " + (scene.corner[1] + wide - 1) + ").";
  const shown = section().images.scenes.length, all = section().scenes.length;
  const some = shown < all ? " Images of " + shown + " of " + counted(all, "test scene") + " are in this page." : "";
  return [picture, make("p", { class: "quiet" }, text + some + " Grey levels are shown in 8 bit. All scores are of the whole scene, as the protocol compares it."),
    exact ? "" : make("p", { class: "warning" }, "This browser changes images that scripts read (a privacy setting): "
      + "grey levels, errors and spectra here are not exact.")];
}

// The colour bar that both sides share.
function scaleBar() {
  const bar = find("#scale-bar");
  if (viewer.view !== "error") { bar.replaceChildren(); return; }
  const canvas = make("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const context = canvas.getContext("2d"), image = context.createImageData(256, 1);
  for (let at = 0; at < 256; at += 1) image.data.set([...colormap(at / 255), 255], at * 4);
  context.putImageData(image, 0, 0);
  const marks = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => make("span", {}, number(share * viewer.top, 0) + (share === 1 ? " or more" : "")));
  bar.replaceChildren(canvas, make("div", { class: "marks" }, marks),
    make("p", { class: "quiet" }, "Absolute difference from the truth in grey levels of 255, both sides alike; what is larger has the last colour."));
}

// Both sides in numbers: the whole scene's scores, and the error of this band in the window.
function sideTable(truth, band) {
  const here = section(), metrics = mainMetrics(), index = here.scales.indexOf(viewer.scale);
  const rows = ["left", "right"].map((side) => {
    const one = viewer.cubes.get(viewer[side]);
    const scores = metrics.map((metric) => make("td", { class: "number" }, known(one.method)
      ? number(here.methods[one.method].places[index].scores[metric.name][viewer.scene], metric.digits) : DASH));
    const { mean: error, none } = difference(one.cube, truth, viewer.band);
    return make("tr", {}, make("th", { scope: "row" }, one.name), scores,
      make("td", { class: "number" }, one.key === "truth" ? DASH : number(error, 2)),
      make("td", { class: "number" }, one.key === "truth" ? DASH : number(none * 100, 0) + " %"));
  });
  find("#view-table").replaceChildren(
    make("caption", {}, make("span", {}, "Scores of the whole scene; errors of this window at " + band)),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Image"),
      metrics.map((metric) => make("th", { scope: "col", class: "number" }, metric.title)),
      make("th", { scope: "col", class: "number" }, "Mean error"),
      make("th", { scope: "col", class: "number" }, "Below 1 level"))),
    make("tbody", {}, rows));
}
