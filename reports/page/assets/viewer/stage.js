// The image itself: the divider, and the pixel whose spectra are shown, by mouse and by keys.

function divide() {
  find("#canvas-right").style.clipPath = `inset(0 0 0 ${viewer.divider}%)`;
  find("#divider").style.left = viewer.divider + "%";
  find("#view-divider").value = viewer.divider;
  const text = "left " + viewer.divider + " %";
  find("#divider-text").textContent = text;
  find("#view-divider").setAttribute("aria-valuetext", text);
}

// All views that depend on the pixel and the band.
function mark() {
  const scene = sceneFacts(viewer.scene), truth = viewer.cubes.get("truth").cube;
  const [row, column] = viewer.pixel, [top, left] = scene.corner;
  const cross = find("#cross");
  cross.style.left = ((column + 0.5) / truth.columns) * 100 + "%";
  cross.style.top = ((row + 0.5) / truth.rows) * 100 + "%";
  [["#pixel-row", row + top, top, truth.rows], ["#pixel-column", column + left, left, truth.columns]].forEach(
    ([name, value, from, length]) => { const box = find(name); box.min = from; box.max = from + length - 1; box.value = value; });
  const methods = shownMethods(), sides = [viewer.left, viewer.right];
  const entries = [...viewer.cubes.values()].filter((one) => !one.low
    && (!known(one.method) || methods.includes(one.method) || sides.includes(one.key)))
    .map((one) => (known(one.method) ? { ...one, series: seriesOf(one.method) } : one));
  const levels = ["left", "right"].map((side) => viewer.cubes.get(viewer[side]))
    .map((one) => one.name + " " + valueAt(one.cube, viewer.band, row, column));
  find("#pixel-text").textContent = "At " + scene.bands[viewer.band] + ": truth "
    + valueAt(truth, viewer.band, row, column) + ", " + levels.join(", ") + " grey levels";
  find("#keys").replaceChildren(legendOf(entries, hiddenLines, mark));
  spectra(entries, scene, viewer.pixel, viewer.band, viewer.minus);
  bandPlot(entries, scene, viewer.band, viewer.scale);
}

function choose(axis, value) {
  const [, ...shape] = sceneFacts(viewer.scene).truth.shape;
  viewer.pixel[axis] = Math.min(Math.max(Math.round(value) || 0, 0), shape[axis] - 1);
  mark();
}

function pressed(event) {
  const moves = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [1, -1], ArrowRight: [1, 1] };
  const move = moves[event.key];
  if (!move || !viewer.pixel) return;
  event.preventDefault();
  choose(move[0], viewer.pixel[move[0]] + move[1] * (event.shiftKey ? 8 : 1));
}

// A press on the divider moves it, elsewhere it picks the pixel.
function grabbed(event) {
  if (event.button !== 0 || !viewer.pixel) return;
  const stage = find("#stage"), box = stage.getBoundingClientRect();
  const share = (one) => [(one.clientY - box.top) / box.height, (one.clientX - box.left) / box.width];
  const dividing = event.target.closest("#divider") !== null;
  const move = (one) => {
    const [down, along] = share(one);
    if (dividing) {
      viewer.divider = Math.round(Math.min(Math.max(along, 0), 1) * 100);
      divide();
      return;
    }
    const [, rows, columns] = sceneFacts(viewer.scene).truth.shape;
    viewer.pixel[0] = Math.min(Math.max(Math.floor(down * rows), 0), rows - 1);
    choose(1, Math.floor(along * columns));
  };
  if (dividing) {
    const done = () => { stage.removeEventListener("pointermove", move); };
    stage.setPointerCapture(event.pointerId);
    stage.addEventListener("pointermove", move);
    stage.addEventListener("lostpointercapture", done, { once: true });
  }
  move(event);
}
