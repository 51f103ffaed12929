// Tables that sort by any column and announce it.

// columns: {title, group, text, still, hidden, more}; group is a heading over several columns, text sorts as text,
// still cannot be sorted, hidden is in the CSV file alone, more are the headings of further columns of that file.
// rows: {entries: [{node, sort, class, csv, more}], words, extra}; words is the text that a filter searches.
class Sortable {
  constructor(caption, columns, attributes) {
    this.name = attributes.id.replace(/-table$/, "");
    this.columns = columns;
    this.rows = [];
    this.by = null;
    this.down = false;
    this.filter = () => true;
    this.most = Infinity; // rows shown at first
    this.caption = caption;
    this.body = make("tbody");
    this.foot = make("tfoot");
    this.empty = make("p", { class: "quiet", hidden: true }, "No row fits the filter.");
    const table = make("table", attributes, make("caption", {}, make("span", {}, caption)), this.head(), this.body, this.foot);
    this.scroller = make("div", { class: "scroller", role: "region", "aria-label": caption, tabindex: 0 }, table);
    this.under = make("div", { class: "under" }, csvButton(caption, () => saveCsv(this.name, this.csv())));
    this.rest = make("span", { class: "rest" });
    this.under.append(this.rest);
    this.node = make("div", {}, this.scroller, this.empty, this.under);
  }

  head() {
    const groups = [];
    for (const column of this.columns.filter((one) => !one.hidden)) {
      const last = groups[groups.length - 1];
      if (last && last.group === column.group) last.width += 1;
      else groups.push({ group: column.group, width: 1 });
    }
    const rows = [];
    if (groups.some((one) => one.group)) {
      rows.push(make("tr", {}, groups.map((one) => (one.group
        ? make("th", { colspan: one.width, scope: "colgroup", class: "group" }, one.group)
        : make("td", { colspan: one.width })))));
    }
    this.heads = this.columns.map((column, index) => {
      const button = make("button", {
        type: "button", class: "sort", onclick: () => this.sort(index),
        "aria-label": "Sort by " + (column.group ? column.group + " " : "") + column.title,
      }, column.title, make("span", { class: "arrow", "aria-hidden": "true" }));
      return make("th", { scope: "col", class: column.text ? "text" : "number", "aria-sort": "none" },
        column.still ? column.title : button);
    });
    this.heads.forEach((cell, index) => this.columns[index].still && cell.removeAttribute("aria-sort"));
    rows.push(make("tr", {}, this.heads.filter((_, index) => !this.columns[index].hidden)));
    return make("thead", {}, rows);
  }

  fill(rows, foot) {
    this.rows = rows;
    this.foot.replaceChildren(...(foot ? [this.line(foot)] : []));
    this.show();
  }

  sort(index) {
    // Best first: descending where higher is better.
    this.down = this.by === index ? !this.down : Boolean(this.columns[index].down);
    this.by = index;
    this.heads.forEach((cell, place) => {
      if (cell.hasAttribute("aria-sort")) {
        cell.setAttribute("aria-sort", place !== index ? "none" : this.down ? "descending" : "ascending");
      }
    });
    this.show();
    const column = this.columns[index];
    announce("Sorted by " + (column.group ? column.group + " " : "") + column.title
      + (this.down ? ", descending" : ", ascending"));
  }

  narrow(filter) {
    this.filter = filter;
    const shown = this.show();
    announce(shown + (shown === 1 ? " row" : " rows"));
  }

  show() {
    const rows = this.sorted(this.rows.filter((row) => this.filter(row)));
    this.body.replaceChildren(...rows.slice(0, this.most).map((row) => this.line(row)));
    this.rest.replaceChildren(...(rows.length <= this.most ? [] : [
      make("button", { type: "button", class: "plain", onclick: () => { this.most = Infinity; this.show(); this.scroller.focus(); } },
        "Show all " + rows.length + " rows"), make("span", { class: "quiet" }, "the first " + this.most + " are shown")]));
    this.empty.hidden = rows.length > 0 || this.rows.length === 0;
    return rows.length;
  }

  sorted(rows) {
    if (this.by === null) return rows;
    const text = this.columns[this.by].text, sign = this.down ? -1 : 1;
    return [...rows].sort((a, b) => {
      const [x, y] = [a.entries[this.by].sort, b.entries[this.by].sort];
      if (!known(x) || !known(y)) return known(x) ? -1 : known(y) ? 1 : 0; // missing values stay last
      return sign * (text ? String(x).localeCompare(String(y)) : Number(x) - Number(y));
    });
  }

  // All rows, those that a filter hides included, with numbers as they were computed.
  csv() {
    const columns = this.columns.map((column, index) => ({ ...column, index })).filter((column) => !column.still);
    const heads = columns.flatMap((column) => {
      const title = [column.group, column.title].filter(Boolean).join(" ").replace(/ ?[\u2191\u2193]/g, "").replaceAll(TIMES, "x");
      return [title, ...(column.more || []).map((one) => title + " " + one)];
    });
    const lines = this.sorted(this.rows).map((row) => columns.flatMap((column) => {
      const entry = row.entries[column.index];
      const value = entry.csv !== undefined ? entry.csv : entry.sort;
      return [value, ...(column.more || []).map((_, index) => (entry.more ? entry.more[index] : null))];
    }));
    return [heads, ...lines];
  }

  line(row) {
    return make("tr", { class: row.class }, row.entries.map((entry, index) => {
      if (this.columns[index].hidden) return null;
      const tag = index === 0 ? "th" : "td";
      const kind = (this.columns[index].text ? "text" : "number") + (entry.class ? " " + entry.class : "");
      return make(tag, { class: kind, scope: tag === "th" ? "row" : null }, entry.node);
    }));
  }
}

// A number, marked if it is the best or second-best of its kind, also in words.
function marked(text, rank) {
  if (rank === 1) return [make("strong", {}, text), make("span", { class: "hidden" }, " (best)")];
  if (rank === 2) return [make("u", {}, text), make("span", { class: "hidden" }, " (second-best)")];
  return [text];
}
