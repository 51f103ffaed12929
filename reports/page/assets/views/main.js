// The selection of data set, protocol and profile, and the theme.

function choices() {
  const here = section();
  const distinct = (name, fixed) => [...new Set(facts.sections
    .filter((one) => fixed.every((key) => one[key] === here[key])).map((one) => one[name]))];
  const changed = (name, fixed) => (value) => {
    const fits = (one, keys) => one[name] === value && keys.every((key) => one[key] === here[key]);
    const others = ["dataset", "protocol", "profile"].filter((key) => key !== name);
    let found = facts.sections.findIndex((one) => fits(one, others));
    if (found < 0) found = facts.sections.findIndex((one) => fits(one, fixed));
    state.section = found;
    showSection();
    find("#choice-" + name).focus();
    announce(section().title + ", protocol " + section().protocol + ", profile " + section().profile);
  };
  const box = (label, name, fixed) => select(label, distinct(name, fixed).map((one) => [one, one]), here[name],
    changed(name, fixed), { id: "choice-" + name });
  find("#choice").replaceChildren(
    box("Data set", "dataset", []), box("Protocol", "protocol", ["dataset"]),
    box("Profile", "profile", ["dataset", "protocol"]));
}

function showSection() {
  viewer.turn += 1;
  viewer.cubes = new Map();
  Object.assign(viewer, { scene: null, pixel: null, band: null, left: "", right: "" });
  hiddenLines.clear();
  choices();
  aboutSection();
  comparisonControls();
  comparison();
  sceneControls();
  scenes();
  images();
  cellControls();
  cells();
}

find("#theme").addEventListener("change", (event) => {
  const theme = event.target.value;
  if (theme === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
});
find("#images-title").tabIndex = -1;
find("#foot").textContent = "Made " + facts.made + " by HSI-SR Bench from "
  + counted(facts.cells.length, "stored cell") + ". This file holds everything it shows and asks no server for anything.";
// The fullest section first.
const fullness = facts.sections.map((one) => one.methods.flatMap((method) => method.places)
  .filter((place) => place.state === "done").length);
state.section = fullness.indexOf(Math.max(...fullness));
window.addEventListener("resize", () => { if (viewer.cubes.size) mark(); });
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
});
showSection();
