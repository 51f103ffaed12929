// Spectra at the chosen pixel, and the PSNR of every band.

const hiddenLines = new Set();

// entries: {name, cube, series}, truth first; pixel: [row, column] within the window; minus: whether
// the truth is subtracted.
function spectra(entries, scene, pixel, band, minus) {
  const [row, column] = pixel;
  const truth = spectrumAt(entries[0].cube, row, column);
  const shown = entries.map((one) => ({ ...one,
    values: spectrumAt(one.cube, row, column).map((value, index) => value - (minus ? truth[index] : 0)) }));
  const [y, x] = [scene.corner[0] + row, scene.corner[1] + column];
  const title = (minus ? "Spectra minus the truth" : "Spectra") + " at row " + y + ", column " + x;
  find("#spectra").replaceChildren(
    make("h3", {}, title),
    lines(viewerRoom(), title + ", in grey levels; the table below holds the same", alongBands(scene),
      { title: minus ? "grey levels too high" : "grey level (0 to 255)", least: 4 },
      shown.filter((one) => !hiddenLines.has(one.name)).map((one) => overBands(one, scene)), scene.positions[band], { id: "spectra-plot" }),
    spectraTable(shown, scene, minus),
  );
}

function spectraTable(shown, scene, minus) {
  const head = make("tr", {}, make("th", { scope: "col", class: "number" }, scene.axis),
    shown.map((one) => make("th", { scope: "col", class: "number" }, one.name)));
  const rows = scene.positions.map((position, band) => make("tr", {},
    make("th", { scope: "row", class: "number" }, String(position)),
    shown.map((one) => make("td", { class: "number" }, number(one.values[band], 0)))));
  const open = find("#spectra details");
  return make("details", { open: Boolean(open && open.open) }, make("summary", {}, "The spectra as a table"),
    make("div", { class: "scroller", role: "region", "aria-label": "Spectra as a table", tabindex: 0 },
      make("table", { id: "spectra-table" }, make("caption", {}, "Grey levels at the chosen pixel" + (minus ? ", minus the truth" : "")),
        make("thead", {}, head), make("tbody", {}, rows))),
    make("div", { class: "under" }, csvButton("the spectra", () => saveCsv("spectra", rowsOf(find("#spectra-table"))))));
}

function bandPlot(entries, scene, band, scale) {
  const shown = entries.filter((one) => one.psnr && !hiddenLines.has(one.name))
    .map((one) => overBands({ ...one, values: one.psnr }, scene));
  const title = "PSNR of every band at " + onScale(scale) + ", whole scene";
  find("#bands").replaceChildren(make("h3", {}, title),
    lines(viewerRoom(), title, alongBands(scene), { title: "PSNR in dB", least: 4 }, shown, scene.positions[band], { id: "bands-plot" }),
    make("div", { class: "under" }, csvButton(title, () => saveCsv("psnr-of-bands", [[scene.axis, ...entries.filter((one) => one.psnr).map((one) => one.name)],
      ...scene.positions.map((position, index) => [position, ...entries.filter((one) => one.psnr).map((one) => one.psnr[index])])]))));
}

function viewerRoom() {
  return find("#images .right").clientWidth;
}

function alongBands(scene) {
  return { title: scene.axis, write: (value) => String(Math.round(value * 10) / 10) };
}

function overBands({ name, series, values }, scene) {
  const points = values.map((value, index) => [scene.positions[index], value]).filter((point) => known(point[1]));
  return { name, series, points };
}
