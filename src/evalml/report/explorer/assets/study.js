// One study, or two side by side: answer, effect over time, for whom, trajectories, balance, checks, protocol.
function pickStudies() {
  const one = studyOf(state.study) || (chosen()[0] || EFFECTS[0] || { study: DATA.studies[0] }).study;
  const two = studyOf(state.with);
  return [one, ...(two && two !== one ? [two] : [])];
}
// The outcome that the filters ask for where the study has it, else its primary one.
const outcomeOf = (study) => (EFFECTS.some((e) => e.study === study && e.outcome === state.outcome) ? state.outcome : study.outcome);
const methodOf = (study) => (EFFECTS.some((e) => e.study === study && e.method === state.method) ? state.method : study.method);
const ofStudyEffects = (study, test) => EFFECTS.filter((e) => e.study === study && e.outcome === outcomeOf(study) && e.method === methodOf(study) && test(e));

function headPanel(study) {
  const source = study.extracted ? say(word("source"), { source: study.source, date: dateText(study.extracted) })
    : say(word("source_bare"), { source: study.source });
  return el("div", {}, el("h3", {}, study.finding[lang] || study.title[lang], " ", study.synthetic ? el("span", { class: "stamp small" }, word("synthetic")) : null),
    el("p", { class: "small" }, `${study.title[lang]}. `, study.period[lang] ? `${say(word("entries"), { period: study.period[lang] })}. ` : "", source, "."));
}

function primaryPanel(study) {
  const e = EFFECTS.find((each) => each.study === study && each.primary);
  if (!e) return el("p", {}, word("no_primary"));
  const name = `${label("outcomes", e.key)}, ${inside(label("methods", e.method))}`;
  return el("div", { class: `answer ${isMasked(e) ? "masked" : ""}` },
    el("p", {}, el("strong", {}, `${name}${colon()}${effectOf(e)}`), rangeOf(e) ? ` (${word("interval")}${colon()}${rangeOf(e)})` : ""),
    el("p", { class: "small" }, say(word("n_of"), { n: persons(e) })), sureCell(e),
    study.benchmark ? el("p", { class: "small" }, say(word("benchmark"), { label: study.benchmark.label, estimate: effectText(study.benchmark.estimate, e.unit) })) : null);
}

function linesPanel(study, width, test, nameOf, name) {
  const found = ofStudyEffects(study, test);
  if (!found.length) return el("p", { class: "small" }, word("none_here"));
  const beside = pickStudies().flatMap((s) => ofStudyEffects(s, test)).filter((e) => e.unit === found[0].unit);
  const heads = [name, "effect", "n", "sure"].map((kind) => ({ kind, text: word("columns")[kind] }));
  const whole = table(`${label("outcomes", found[0].outcome)}, ${shortName(study)}`, heads, found.map((e) => [nameOf(e),
    el("span", {}, effectOf(e), rangeOf(e) ? el("span", { class: "under" }, rangeOf(e)) : null), persons(e), sureCell(e)]), { kind: "plain" });
  return el("figure", {}, el("figcaption", {}, `${label("outcomes", found[0].outcome)}, ${inside(label("methods", found[0].method))}`),
    forest(found, nameOf, width, beside), folded(word("columns").sure, whole));
}
const timePanel = (study, width) => linesPanel(study, width, (e) => !e.subgroup, (e) => (e.horizon === null ? label("outcomes", e.key) : say(word("months"), { n: number(e.horizon) })), "horizon");
const whomPanel = (study, width) => linesPanel(study, width, (e) => e.subgroup && fits.horizon(e, state.horizon === "*" ? "" : state.horizon), (e) => label("groups", e.group), "group");

const WORRY = { failed: 0, unjudged: 1, information: 2, passed: 3, hidden: 4 };
function checksPanel(study, gating) {
  const every = study.checks.filter((check) => check.gating === gating).sort((a, b) => WORRY[a.answer] - WORRY[b.answer]);
  const about = (check) => !check.outcome || check.outcome.replace(/_m\d+$/, "") === outcomeOf(study);
  const others = every.filter((check) => !about(check));
  if (!every.length) return el("p", { class: "small" }, word("checks_none"));
  return el("div", {}, checksTable(study, every.filter(about), gating), others.length ? folded(word("checks_others"), checksTable(study, others, gating)) : null);
}

function checksTable(study, mine, gating) {
  const heads = ["question", "answer", "sentence"].map((kind) => ({ kind, text: word("columns")[kind] }));
  const main = EFFECTS.find((e) => e.study === study && e.primary);
  const silent = main && !isMasked(main) ? word("checks_kept") : word("checks_hidden");
  const rows = mine.map((check) => {
    const about = check.outcome ? ` (${label("outcomes", check.outcome)})` : "";
    return [`${phrase(check.question)}${about}`, check.answer === "hidden" ? DASH : el("span", { class: `verdict ${check.answer}` }, `${word("signs")[check.answer]}${NBSP}${word("verdicts")[check.answer]}`),
      phrase(check.sentence) || silent];
  });
  return table(`${gating ? word("h_checks") : word("h_sensitivity")}, ${shortName(study)}`, heads, rows, { kind: "checks" });
}

function protocolPanel(study) {
  const heads = ["item", "text"].map((kind) => ({ kind, text: word("columns")[kind] }));
  const notes = study.notes.map((name) => el("li", {}, el("a", { href: `notes/${study.key}/${name}` }, name)));
  return el("div", {}, study.protocol.length ? folded(word("h_protocol"), table(`${word("h_protocol")}, ${shortName(study)}`, heads,
    study.protocol.map((pair) => pair.map(phrase)), { kind: "plain" })) : null,
  notes.length ? el("div", {}, el("h4", {}, word("h_notes")), el("ul", {}, notes)) : null);
}

function studyPanel(wide) {
  const shown = pickStudies(), pair = shown.length > 1;
  const named = DATA.studies.map((s) => [s.key, shortName(s)]);
  const picks = el("div", { class: "fields" },
    choice("study", word("first"), named, (event) => go({ study: event.target.value }), shown[0].key),
    choice("with", word("second"), [["", word("nobody")], ...named.filter(([key]) => key !== shown[0].key)],
      (event) => go({ study: shown[0].key, with: event.target.value }), pair ? shown[1].key : ""));
  const width = Math.min(620, Math.floor(wide < 760 ? wide : (wide - 32) / 2));
  const high = curvesHigh(shown);
  const panels = [
    ["", headPanel], ["h_primary", primaryPanel],
    ["h_time", (s) => timePanel(s, width)], ["h_whom", (s) => whomPanel(s, width)],
    ["h_curves", (s) => curvesPanel(s, outcomeOf(s), high, width)], ["h_balance", (s) => balancePanel(s, width)],
    ["h_checks", (s) => checksPanel(s, true)], ["h_sensitivity", (s) => checksPanel(s, false)], ["", protocolPanel]];
  const body = panels.flatMap(([title, draw]) => shown.map((study) => el("div", { class: `panel ${title}`, "data-study": study.key },
    title ? el("h3", {}, word(title), pair ? el("span", { class: "whose" }, ` ${shortName(study)}`) : null) : null, draw(study))));
  document.getElementById("status").textContent = `${shown.map(shortName).join(lang === "fr" ? " ; " : "; ")}.`;
  return [head("h_study", ["curves", "balance", "checks"].map((kind) => [`csv-${kind}`, `${word("download")}${colon()}${word(`h_${kind}`).toLowerCase()}`, () => downloadPart(kind, shown)])),
    picks, el("div", { class: pair ? "side two" : "side one" }, body)];
}
