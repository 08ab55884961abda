// One study, or two side by side: effect, trajectories, balance, checks, sensitivity, protocol.

function pickStudies() {
  const listed = unique(chosen().map((e) => e.study));
  const one = studyOf(state.study) || listed[0] || DATA.studies[0];
  const two = studyOf(state.with);
  return [one, ...(two && two !== one ? [two] : [])];
}

function primaryPanel(study) {
  const e = EFFECTS.find((each) => each.study === study && each.primary);
  if (!e) return el("p", {}, word("no_primary"));
  const name = `${label("outcomes", e.key)}, ${inside(label("methods", e.method))}`;
  if (isMasked(e)) {
    return el("div", { class: "answer masked" }, el("p", {}, el("strong", {}, `${name}${colon()}${word("masked")}`)),
      e.reason ? el("p", { class: "small", lang: e.reason[lang] === e.reason.fr ? "fr" : null }, e.reason[lang]) : null);
  }
  return el("div", { class: "answer" }, el("p", {}, el("strong", {}, `${name}${colon()}${effectText(e.estimate, e.unit)}`),
    ` (${word("columns").interval}${colon()}${intervalText(e.ci_low, e.ci_high, e.unit)})`),
  el("p", { class: "small" }, `${word("columns").n}${colon()}${say(word("n_arms"), { treated: count(e.n_treated), comparison: count(e.n_comparison) })}`),
  study.certainty ? el("p", {}, el("strong", {}, certain(study)), ` ${study.because[lang]}`) : null,
  study.benchmark ? el("p", { class: "small" }, say(word("benchmark"), { label: study.benchmark.label, estimate: effectText(study.benchmark.estimate, e.unit) })) : null);
}

function headPanel(study) {
  const source = study.extracted ? say(word("source"), { source: study.source, date: dateText(study.extracted) })
    : say(word("source_bare"), { source: study.source });
  return el("div", {}, el("h3", {}, study.title[lang], " ", study.synthetic ? el("span", { class: "stamp small" }, word("synthetic")) : null),
    el("p", { class: "small" }, study.period[lang] ? `${say(word("entries"), { period: study.period[lang] })}. ` : "", source, "."));
}

function checksPanel(study, gating) {
  const mine = study.checks.filter((check) => check.gating === gating);
  if (!mine.length) return el("p", { class: "small" }, word("checks_none"));
  const heads = ["question", "answer", "sentence"].map((kind) => ({ kind, text: word("columns")[kind] }));
  const rows = mine.map((check) => {
    const [question, sentence] = check[lang], same = check.en[1] === check.fr[1] && lang !== "fr";
    const about = check.outcome ? ` (${label("outcomes", check.outcome)})` : "";
    return [`${question}${about}`, check.answer === "hidden" ? DASH : el("span", { class: `verdict ${check.answer}` }, `${word("signs")[check.answer]}${NBSP}${word("verdicts")[check.answer]}`),
      el("span", { lang: same ? "fr" : null }, sentence || word("checks_hidden"))];
  });
  return table(`${gating ? word("h_checks") : word("h_sensitivity")}, ${shortName(study)}`, heads, rows, { kind: "checks" });
}

function protocolPanel(study) {
  const heads = ["item", "text"].map((kind) => ({ kind, text: word("columns")[kind] }));
  const notes = study.notes.map((name) => el("li", {}, el("a", { href: `notes/${study.key}/${name}` }, name)));
  return el("div", {}, study.protocol.length ? folded(word("h_protocol"), table(`${word("h_protocol")}, ${shortName(study)}`, heads,
    study.protocol.map((each) => each[lang]), { kind: "plain" })) : null,
  notes.length ? el("div", {}, el("h4", {}, word("h_notes")), el("ul", {}, notes)) : null);
}

function drawStudies() {
  const shown = pickStudies();
  const named = DATA.studies.map((s) => [s.key, shortName(s)]);
  const outcomes = unique(shown.flatMap((s) => Object.keys(s.curves)));
  const first = shown[0].primary.replace(/_m\d+$/, "");
  const wish = outcomes.includes(state.curve) ? state.curve : outcomes.includes(first) ? first : outcomes[0];
  const place = document.getElementById("studies");
  const keep = document.activeElement && document.activeElement.id;
  const kept = { ...state };
  Object.assign(state, { study: shown[0].key, with: shown[1] ? shown[1].key : "", curve: wish || "" });
  const picks = el("div", { class: "fields" },
    choice("study", word("first"), named, (event) => go({ study: event.target.value })),
    choice("with", word("second"), [["", word("nobody")], ...named.filter(([key]) => key !== shown[0].key)], (event) => go({ study: shown[0].key, with: event.target.value })),
    outcomes.length ? choice("curve", word("curve"), outcomes.map((o) => [o, label("outcomes", o)]), (event) => go({ curve: event.target.value })) : null);
  state = kept;
  const wide = place.clientWidth || 900, pile = wide < 760;
  const width = Math.min(620, Math.floor(pile ? wide : (wide - 32) / 2));
  const high = curvesHigh(shown, wish);
  const panels = [
    ["", headPanel], ["h_primary", primaryPanel],
    ["h_curves", (s) => (wish ? curvesPanel(s, wish, high, width) : el("p", { class: "small" }, word("curves_none")))],
    ["h_balance", (s) => balancePanel(s, width)],
    ["h_checks", (s) => checksPanel(s, true)], ["h_sensitivity", (s) => checksPanel(s, false)], ["", protocolPanel]];
  const pair = shown.length > 1;
  const body = panels.flatMap(([title, draw]) => shown.map((study) => el("div", { class: `panel ${title}`, "data-study": study.key },
    title ? el("h4", {}, word(title), pair ? el("span", { class: "whose" }, ` ${shortName(study)}`) : null) : null, draw(study))));
  place.replaceChildren(
    el("div", { class: "head" }, el("h2", { id: "h-studies" }, word("h_studies")), el("span", { class: "buttons" },
      ["curves", "balance", "checks"].map((kind) => el("button", { type: "button", id: `csv-${kind}`, onclick: () => downloadPart(kind, shown) },
        `${word("download")}${colon()}${word(`h_${kind}`).toLowerCase()}`)))),
    picks, el("div", { class: pair ? "side two" : "side one" }, body));
  if (keep && place.querySelector(`#${CSS.escape(keep)}`)) document.getElementById(keep).focus();
}
