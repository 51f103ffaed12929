// The selection of protocol, data set and profile, and the theme.

const CHOICES = ["protocol", "dataset", "profile"]; // each depends on those before it

function choices() {
  const here = section();
  const distinct = (name, fixed) => [...new Set(facts.sections
    .filter((one) => fixed.every((key) => one[key] === here[key])).map((one) => one[name]))];
  const changed = (name, fixed) => (value) => {
    const fits = (one, keys) => one[name] === value && keys.every((key) => one[key] === here[key]);
    const others = CHOICES.filter((key) => key !== name);
    const found = [others, [...fixed, "dataset"], fixed].map((keys) => facts.sections.findIndex(
      (one) => fits(one, keys.filter((key) => key !== name)))).find((index) => index >= 0);
    state.section = found;
    showSection();
    find("#choice-" + name).focus();
    announce(section().title + ", protocol " + section().protocol + ", profile " + section().profile);
  };
  const box = (label, name, fixed) => select(label, distinct(name, fixed).map((one) => [one, one]), here[name],
    changed(name, fixed), { id: "choice-" + name });
  find("#choice").replaceChildren(
    box("Protocol", "protocol", []), box("Data set", "dataset", ["protocol"]),
    box("Profile", "profile", ["protocol", "dataset"]));
}

function showSection() {
  viewer.turn += 1;
  viewer.cubes = new Map();
  Object.assign(viewer, { scene: null, pixel: null, band: null, left: "", right: "" });
  hiddenLines.clear();
  state.methods = shortList();
  choices();
  methodPicker();
  aboutSection();
  comparisonControls();
  costControls();
  trainingControls();
  testControls();
  sceneControls();
  images();
  cellControls();
  cells();
  showViews();
}

// What depends on the methods that are shown.
function showViews() {
  comparison();
  cost();
  training();
  tests();
  scenes();
  if (viewer.cubes.size) mark();
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
let width = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth === width) return; // a keyboard that opens changes the height alone
  width = window.innerWidth;
  cost();
  training();
  if (viewer.cubes.size) mark();
});
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details:not(.picker)")) one.open = true;
});
showSection();
