// Every cell of the section, failed and missing ones included.

const listing = { state: "all", words: "" };
const CELLS_AT_FIRST = 30;
let cellTable = null;

function cellControls() {
  listing.state = "all";
  listing.words = "";
  const again = () => cellTable.narrow((row) => row.words.includes(listing.words)
    && (listing.state === "all" || row.state === listing.state));
  const states = [...new Set(cellRows().map((row) => row.state))];
  find("#cells .controls").replaceChildren(
    select("State", [["all", "all"], ...states.map((one) => [one, one])], "all",
      (value) => { listing.state = value; again(); }, { id: "cells-state" }),
    search("Filter cells", (value) => { listing.words = value; again(); }, { id: "cells-filter" }),
  );
}

function cellRows() {
  const here = section();
  return here.methods.flatMap((method) => method.places.flatMap((place, index) => {
    const scale = here.scales[index];
    if (place.cells.length) return place.cells.map((one) => cellRow(method, scale, facts.cells[one], one, place));
    const dash = { node: DASH, sort: null };
    return [{ state: "missing", words: (method.title + " " + onScale(scale) + " missing").toLowerCase(),
      entries: [{ node: method.title, sort: method.title }, { node: onScale(scale), sort: scale }, dash,
        { node: [make("span", { class: "missing" }, "missing"), make("span", { class: "second" }, place.why)], sort: "missing" },
        dash, dash, dash, dash, dash, dash, { node: "" }] }];
  }));
}

function cellRow(method, scale, cell, index, place) {
  const reason = cell.reason || (place.state === "unreadable" ? place.why : "");
  const notes = [reason, cell.elsewhere, ...cell.warnings].filter((text) => text);
  // Seconds of another machine are shown, and neither sorted nor compared.
  const seconds = (one) => (cell.elsewhere && known(one.value)
    ? { node: "(" + one.text + ")", sort: null } : { node: one.text, sort: one.value });
  const commit = cell.commit ? cell.commit.slice(0, 7) + (cell.dirty ? " + changes" : "") : "not recorded";
  const title = method.title + ", " + onScale(scale) + ", seed " + cell.seed;
  return {
    state: cell.status,
    words: [method.title, method.label, onScale(scale), cell.status, cell.device, cell.commit, cell.date, cell.path, reason]
      .join(" ").toLowerCase(),
    entries: [
      { node: method.title, sort: method.title },
      { node: onScale(scale), sort: scale },
      { node: String(cell.seed), sort: cell.seed },
      { node: [make("span", { class: cell.status }, cell.status), badge(cell.badge), ...notes.map((text) => make("span", { class: "second" }, text))], sort: cell.status },
      { node: cell.device || "not recorded", sort: cell.device },
      { node: make("code", {}, commit), sort: cell.commit },
      { node: cell.date.slice(0, 10) || "not recorded", sort: cell.date },
      { node: cell.parameters.text, sort: cell.parameters.value },
      seconds(cell.fit),
      seconds(cell.upscale),
      { node: source("details", "Details of " + title, title, [], [index]) },
    ],
  };
}

function cells() {
  const columns = [
    { title: "Method", text: true }, { title: "Scale" }, { title: "Seed" }, { title: "State", text: true },
    { title: "Device", text: true }, { title: "Commit", text: true }, { title: "Finished", text: true },
    { title: "Parameters" }, { title: "Training" }, { title: "s per scene" },
    { title: "Details", still: true, text: true },
  ];
  const rows = cellRows();
  const count = (state_) => rows.filter((row) => row.state === state_).length;
  const counts = [...new Set(rows.map((row) => row.state))].map((one) => count(one) + " " + one).join(", ");
  cellTable = new Sortable("Cells: " + counts, columns, { id: "cells-table" });
  cellTable.most = CELLS_AT_FIRST;
  cellTable.fill(rows);
  find("#cells .place").replaceChildren(cellTable.node, make("p", { class: "legend" },
    "A cell is one method at one scale with one seed: what was run and stored. Its key is a hash of all that its "
    + "numbers depend on: protocol, data, recipe and the method\u2019s source. Seconds in parentheses are of another "
    + "machine than most cells\u2019 and are not compared."));
}
