// What is shown is in the address: a link that is sent shows the same thing.
const KEYS = ["programme", "year", "territory", "outcome", "method", "population", "study", "with", "curve"];
let state = {};

function readState() {
  const told = new URLSearchParams(location.hash.slice(1));
  state = Object.fromEntries(KEYS.map((key) => [key, told.get(key) || ""]));
  const asked = told.get("lang");
  lang = asked in DATA.words ? asked : DATA.language;
}

function hashOf(changes = {}) {
  const told = new URLSearchParams();
  if (lang !== DATA.language || changes.lang) told.set("lang", changes.lang || lang);
  for (const key of KEYS) {
    const value = key in changes ? changes[key] : state[key];
    if (value) told.set(key, value);
  }
  if (told.get("lang") === DATA.language) told.delete("lang");
  return `#${told}`;
}

function go(changes) {
  history.pushState(null, "", hashOf(changes));
  render();
}

// Every effect of every study as an object that knows its study.
const EFFECTS = DATA.studies.flatMap((study) => study.effects.rows.map((row) => {
  const effect = Object.fromEntries(study.effects.columns.map((name, at) => [name, row[at]]));
  effect.reason = effect.reason < 0 ? null : study.effects.reasons[effect.reason];
  effect.study = study;
  return effect;
}));
// Programme, territory and year; the period too, then the run, where two studies would have one name.
function shortName(study) {
  const told = (s, when) => [s.programme, s.territory[lang], when(s)].filter(Boolean).join(", ") || s.title[lang];
  const years = (s) => s.year.replace("-", DASH), period = (s) => s.period[lang];
  const alone = (name) => DATA.studies.filter((s) => name(s) === name(study)).length === 1;
  const names = [(s) => told(s, years), (s) => told(s, period), (s) => `${told(s, years)} (${s.key})`];
  return (names.find(alone) || names[2])(study);
}
const studyOf = (key) => DATA.studies.find((study) => study.key === key);
const rowsOf = (packed) => packed.rows.map((row) =>
  Object.fromEntries(packed.columns.map((name, at) => [name, row[at]])));
