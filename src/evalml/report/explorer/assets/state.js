// What is shown is in the address: a link that is sent shows the same thing.
const KEYS = ["tab", "programme", "year", "territory", "outcome", "horizon", "subgroup", "method", "study", "with", "by"];
const TABS = ["effects", "compare", "study"];
let state = {};

function readState() {
  const told = new URLSearchParams(location.hash.slice(1));
  state = Object.fromEntries(KEYS.map((key) => [key, told.get(key) || ""]));
  if (!TABS.includes(state.tab)) state.tab = state.study ? "study" : "effects";
  const asked = told.get("lang");
  lang = asked in DATA.words ? asked : DATA.language;
}

function hashOf(changes = {}) {
  const told = new URLSearchParams();
  const language = changes.lang || lang;
  if (language !== DATA.language) told.set("lang", language);
  for (const key of KEYS) {
    const value = key in changes ? changes[key] : state[key];
    const usual = key === "tab" && value === "effects" && !("study" in changes ? changes.study : state.study);
    if (value && !usual) told.set(key, value);
  }
  return `#${told}`;
}

function go(changes) {
  history.pushState(null, "", hashOf(changes));
  render();
}

const unique = (values) => [...new Set(values)];
const byName = (one, two) => one[1].localeCompare(two[1], lang);

// Every effect of every study as an object that knows its study, and whether its horizon is the usual one.
const EFFECTS = DATA.studies.flatMap((study) => {
  const found = rowsOf(study.effects).map((e) => ({ ...e, study }));
  for (const e of found) {
    const months = found.filter((other) => other.outcome === e.outcome).map((other) => other.horizon);
    e.usual = e.horizon === (months.includes(study.horizon) ? study.horizon : Math.max(...months)) || e.horizon === null;
    e.group = e.subgroup ? `${e.subgroup}=${e.subgroup_value}` : "";
  }
  return found;
});
const studyOf = (key) => DATA.studies.find((study) => study.key === key);

// Programme, territory and year; the period too, then the run, where two studies would have one name.
const NAMES = {};
function shortName(study) {
  const at = `${lang} ${study.key}`;
  if (at in NAMES) return NAMES[at];
  const told = (s, when) => [s.programme, s.territory[lang], when(s)].filter(Boolean).join(", ") || s.title[lang];
  const years = (s) => s.year.replace("-", DASH), period = (s) => s.period[lang];
  const alone = (name) => DATA.studies.filter((s) => name(s) === name(study)).length === 1;
  const names = [(s) => told(s, years), (s) => told(s, period), (s) => `${told(s, years)} (${s.key})`];
  NAMES[at] = (names.find(alone) || names[2])(study);
  return NAMES[at];
}

// The filters: each is a list of what the studies hold.
const fits = {
  programme: (e, v) => e.study.programme === v,
  year: (e, v) => (e.study.year || "-") === v,
  territory: (e, v) => (e.study.territory.fr || "-") === v,
  outcome: (e, v) => v === "*" || e.outcome === (v || e.study.outcome),
  horizon: (e, v) => v === "*" || (v ? String(e.horizon) === v : e.usual),
  subgroup: (e, v) => v === "*" || (v ? e.subgroup === v || e.group === v : !e.subgroup),
  method: (e, v) => v === "*" || e.method === (v || e.study.method),
};
const ALWAYS = ["outcome", "horizon", "subgroup", "method"];

const chosen = (instead = {}) => {
  const asked = { ...state, ...instead };
  return EFFECTS.filter((e) => Object.keys(fits).every((key) =>
    (!asked[key] && !ALWAYS.includes(key)) || fits[key](e, asked[key])));
};

function options(key) {
  const held = (of) => unique(EFFECTS.map(of));
  const named = (values, name) => values.map((v) => [v, name(v)]).sort(byName);
  const all = [["", word(`all_${key}`)]], any = [["", word(`main_${key}`)], ["*", word(`all_${key}`)]];
  if (key === "programme") return [...all, ...named(held((e) => e.study.programme), (v) => v)];
  if (key === "year") return [...all, ...named(held((e) => e.study.year || "-"), (v) => (v === "-" ? word("no_year") : v.replace("-", DASH)))];
  if (key === "territory") {
    const names = Object.fromEntries(DATA.studies.map((s) => [s.territory.fr || "-", s.territory[lang]]));
    return [...all, ...named(Object.keys(names), (v) => names[v] || word("no_territory"))];
  }
  if (key === "outcome") return [...any, ...named(held((e) => e.outcome), (v) => label("outcomes", v))];
  if (key === "horizon") {
    return [...any, ...held((e) => e.horizon).filter((m) => m !== null).sort((a, b) => a - b).map((m) => [String(m), say(word("months"), { n: number(m) })])];
  }
  if (key === "method") return [...any, ...named(held((e) => e.method), (v) => label("methods", v))];
  const parts = (e) => label("groups", e.group).split(/\u00a0: |: /);
  const variables = unique(EFFECTS.filter((e) => e.subgroup).map((e) => e.subgroup));
  return [...any, ...variables.map((name) => {
    const mine = EFFECTS.filter((e) => e.subgroup === name);
    const title = parts(mine[0])[0];
    return [title, [[name, say(word("every_group"), { name: title })], ...unique(mine.map((e) => e.group)).map((g) => [g, label("groups", g)])]];
  })];
}

function choice(key, name, list, change, value = state[key]) {
  const one = ([v, text]) => (Array.isArray(text) ? el("optgroup", { label: v }, text.map(one)) : el("option", { value: v }, text));
  const select = el("select", { id: `f-${key}`, name: key, onchange: change }, list.map(one));
  select.value = value;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
  return el("div", { class: "field" }, el("label", { for: `f-${key}` }, name), select);
}

function drawFilters() {
  const fields = Object.keys(fits).map((key) => choice(key, word(key), options(key), (event) => go({ [key]: event.target.value })));
  const clear = Object.fromEntries(Object.keys(fits).map((key) => [key, ""]));
  document.getElementById("filters").replaceChildren(el("fieldset", {}, el("legend", {}, word("filters")),
    el("div", { class: "fields" }, fields),
    el("div", { class: "buttons" },
      el("button", { type: "button", id: "reset", onclick: () => go(clear) }, word("reset")),
      el("button", { type: "button", id: "copy", onclick: copyLink }, word("copy")))));
}

async function copyLink() {
  let told = word("copied");
  try { await navigator.clipboard.writeText(location.href); } catch { told = word("copy_failed"); }
  document.getElementById("status").textContent = told;
}
