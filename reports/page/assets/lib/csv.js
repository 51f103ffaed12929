// Tables as CSV files, made and saved by the browser itself.

// One field; a text is no formula to a spreadsheet, whatever it begins with.
function csvField(value) {
  if (!known(value)) return "";
  if (typeof value === "number") return String(value);
  if (/^-?Infinity$/.test(value)) return value.replace("Infinity", "inf");
  const text = /^[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]/.test(value) ? "'" + value : String(value);
  return /[",\n\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

// rows: lists of fields, the headings first. Every row begins with what the page shows.
function saveCsv(name, rows) {
  const { dataset, protocol, profile } = section();
  const lines = rows.map((row, index) => [
    ...(index ? [dataset, protocol, profile] : ["data set", "protocol", "profile"]), ...row,
  ].map(csvField).join(","));
  const file = ["hsisr", dataset, protocol, profile, name].join("-").replace(/[^A-Za-z0-9.-]+/g, "_") + ".csv";
  const place = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv;charset=utf-8" }));
  const link = make("a", { href: place, download: file, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(place), 10000); // the download has begun by then
  announce("Saved " + file);
}

function csvButton(caption, save) {
  return make("button", { type: "button", class: "csv", "aria-label": "Download as CSV: " + caption, onclick: save },
    "Download CSV");
}

// The rows of a table without controls, as they are shown.
function rowsOf(table) {
  return [...table.rows].map((row) => [...row.cells].map((cell) => {
    const text = cell.textContent.replace(MINUS, "-");
    if (text === DASH) return null;
    return cell.tagName === "TD" && text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  }));
}
