// The filters: each is a list of what the studies hold.
const fits = {
  programme: (e, v) => e.study.programme === v,
  year: (e, v) => (e.study.year || "-") === v,
  territory: (e, v) => (e.study.territory.fr || "-") === v,
  outcome: (e, v) => (v === "*" ? true : e.key === (v || e.study.primary)),
  method: (e, v) => (v === "*" ? true : e.method === (v || e.study.method)),
  population: (e, v) => v === "*" || (v === "groups") === Boolean(e.subgroup),
};
const ALWAYS = ["outcome", "method", "population"];

const chosen = (without = []) => EFFECTS.filter((effect) => Object.keys(fits).every((key) =>
  without.includes(key) || (!state[key] && !ALWAYS.includes(key)) || fits[key](effect, state[key])));

const unique = (values) => [...new Set(values)];
const byName = (one, two) => one[1].localeCompare(two[1], lang);

function options(key) {
  const held = (of) => unique(EFFECTS.map(of));
  const named = (values, name) => values.map((v) => [v, name(v)]).sort(byName);
  if (key === "programme") return [["", word("all_programmes")], ...named(held((e) => e.study.programme), (v) => v)];
  if (key === "year") {
    return [["", word("all_years")], ...named(held((e) => e.study.year || "-"),
      (v) => (v === "-" ? word("no_year") : v.replace("-", DASH)))];
  }
  if (key === "territory") {
    const names = Object.fromEntries(DATA.studies.map((s) => [s.territory.fr || "-", s.territory[lang]]));
    return [["", word("all_territories")], ...named(Object.keys(names), (v) => names[v] || word("no_territory"))];
  }
  if (key === "outcome") {
    return [["", word("main_outcome")], ["*", word("all_outcomes")],
      ...named(held((e) => e.key), (v) => label("outcomes", v))];
  }
  if (key === "method") {
    return [["", word("main_method")], ["*", word("all_methods")],
      ...named(held((e) => e.method), (v) => label("methods", v))];
  }
  return [["", word("everybody")], ["groups", word("by_group")], ["*", word("both")]];
}

function choice(key, name, list, change) {
  const select = el("select", { id: `f-${key}`, name: key, onchange: change },
    list.map(([value, text]) => el("option", { value }, text)));
  select.value = state[key];
  if (select.selectedIndex < 0) select.selectedIndex = 0;
  return el("div", { class: "field" }, el("label", { for: `f-${key}` }, name), select);
}

function drawFilters() {
  const keep = document.activeElement && document.activeElement.id;
  const fields = Object.keys(fits).map((key) => choice(key, word(key), options(key),
    (event) => go({ [key]: event.target.value })));
  const clear = Object.fromEntries(Object.keys(fits).map((key) => [key, ""]));
  const form = document.getElementById("filters");
  form.replaceChildren(el("fieldset", {}, el("legend", {}, word("filters")), el("div", { class: "fields" }, fields),
    el("div", { class: "buttons" },
      el("button", { type: "button", id: "reset", onclick: () => go(clear) }, word("reset")),
      el("button", { type: "button", id: "copy", onclick: copyLink }, word("copy")))));
  if (keep && form.querySelector(`#${CSS.escape(keep)}`)) document.getElementById(keep).focus();
}

async function copyLink() {
  let told = word("copied");
  try { await navigator.clipboard.writeText(location.href); } catch { told = word("copy_failed"); }
  document.getElementById("status").textContent = told;
}
