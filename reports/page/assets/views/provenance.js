// The provenance of a number, in a dialog.

function entry(term, ...details) {
  return details.flat(2).some((detail) => known(detail) && detail !== "")
    ? [make("dt", {}, term), make("dd", {}, ...details)]
    : [];
}

// How far a number was checked: [name, evidence]; nothing where nothing is recorded.
function badge([name, text]) {
  return name ? make("span", { class: "badge " + name, title: text }, name) : null;
}

function commitOf(cell) {
  if (!cell.commit) return "not recorded";
  const changed = cell.dirty === true ? ", with changes that are not in it"
    : cell.dirty === false ? "" : ", whether there were changes is not recorded";
  return cell.commit + changed;
}

function cellFacts(cell) {
  const versions = Object.entries(cell.versions).map(([name, value]) => name + " " + value).join(", ");
  return make("dl", { class: "facts" },
    entry("State", cell.status + (cell.reason ? ": " + cell.reason : "")),
    entry("Checked", cell.badge[0] ? [badge(cell.badge), " " + cell.badge[1]] : ""),
    entry("Cell", make("code", {}, cell.path)),
    entry("Key", make("code", {}, cell.key)),
    entry("Commit", make("code", {}, commitOf(cell))),
    entry("Device", cell.device || "not recorded"),
    entry("Other machine", cell.elsewhere),
    entry("Finished", cell.date || "not recorded"),
    entry("Versions", versions),
    entry("Command", cell.command ? make("code", {}, cell.command) : ""),
    entry("Parameters", cell.parameters.text),
    entry("Training", known(cell.fit.value) ? cell.fit.text : "none"),
    entry("Estimating", known(cell.upscale.value) ? cell.upscale.text + " s per scene" : ""),
    entry("Memory, at most", known(cell.memory.value) ? cell.memory.text : ""),
    entry("Learning rate", cell.rate),
    entry("Training resumed", cell.resumed ? counted(cell.resumed, "time") + " from a checkpoint" : ""),
    cell.warnings.map((warning) => entry("Warning", warning)),
  );
}

// title: of the number; lines: how it was computed; numbers: of the cells it was computed from.
function openProvenance(title, lines, numbers) {
  const dialog = find("#provenance");
  dialog.replaceChildren(
    make("form", { method: "dialog", class: "close" }, make("button", { "aria-label": "Close" }, "Close")),
    make("h2", { id: "provenance-title", tabindex: -1 }, title),
    ...lines.map((line) => make("p", {}, line)),
    ...numbers.map((index) => {
      const cell = facts.cells[index];
      return make("section", {},
        numbers.length > 1 ? make("h3", {}, "Seed " + cell.seed) : null, cellFacts(cell));
    }),
  );
  dialog.showModal();
  dialog.scrollTop = 0;
}

function source(node, label, title, lines, numbers) {
  return make("button", {
    type: "button", class: "source", "aria-label": label, "aria-haspopup": "dialog",
    title: "Where this comes from", onclick: () => openProvenance(title, lines, numbers),
  }, node);
}
