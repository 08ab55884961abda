// The effects: one table per unit, an interval drawn in each line on the same axis, how sure beside each.
const STEP = 60;
let most = STEP;
const isMasked = (e) => e.status === "blinded" || (e.estimate === null && e.ci_low === null);
const DOTS = { high: 4, good: 3, limited: 2, low: 1, none: 0 };
const dots = (level) => "●".repeat(DOTS[level]) + "○".repeat(4 - DOTS[level]);
const why = (e) => phrase(isMasked(e) && e.reason >= 0 ? e.reason : e.because);
const persons = (e) => say(word("n_arms"), { treated: count(e.n_treated), comparison: count(e.n_comparison) });
const effectOf = (e) => (isMasked(e) ? word("masked") : e.estimate === null ? intervalText(e.ci_low, e.ci_high, e.unit) : effectText(e.estimate, e.unit));
const rangeOf = (e) => (isMasked(e) || e.estimate === null ? "" : intervalText(e.ci_low, e.ci_high, e.unit));
const sureOf = (e) => (isMasked(e) ? word("masked") : say(word("sure"), { level: word("certainty")[e.level] }));

function scaleOf(effects, width, pad = 10) {
  const ends = effects.filter((e) => !isMasked(e)).flatMap((e) => [e.ci_low, e.ci_high, e.estimate]).filter((v) => v !== null);
  const low = Math.min(0, ...ends), high = Math.max(0, ...ends);
  const room = (high - low) * 0.04 || 1;
  const [from, to] = [low - room, high + room];
  return { x: (v) => pad + ((v - from) / (to - from)) * (width - 2 * pad), from, to, width };
}

function intervalMarks(e, scale, left, middle) {
  if (isMasked(e)) return [svg("line", { x1: left + 6, x2: left + scale.width - 6, y1: middle, y2: middle, class: "masked-line" })];
  const marks = [svg("line", { x1: left + scale.x(e.ci_low), x2: left + scale.x(e.ci_high), y1: middle, y2: middle, class: "interval" })];
  if (e.estimate !== null) marks.push(svg("circle", { cx: left + scale.x(e.estimate), cy: middle, r: 4.5, class: e.status === "exploratory" ? "dot hollow" : "dot" }));
  return marks;
}

function intervalPicture(e, scale) {
  const zero = scale.x(0);
  return svg("svg", { viewBox: `0 0 ${scale.width} 22`, width: scale.width, height: 22, "aria-hidden": "true" },
    svg("line", { x1: zero, x2: zero, y1: 0, y2: 22, class: "zero" }), intervalMarks(e, scale, 0, 11));
}

function axisMarks(scale, unit, left, y) {
  const factor = unitOf(unit).scale;
  const { at, digits } = ticks(scale.from * factor, scale.to * factor, 4);
  return at.map((v) => svg("text", { x: left + scale.x(v / factor), y, class: "tick", "text-anchor": "middle" }, number(v, digits, true)));
}

function sureCell(e) {
  const told = sureOf(e);
  return el("div", { class: `sure ${isMasked(e) ? "masked" : e.level}` },
    el("strong", {}, isMasked(e) ? null : el("span", { class: "dots", "aria-hidden": "true" }, `${dots(e.level)}${NBSP}`), capital(told)),
    el("span", { class: "why" }, why(e)));
}

function effectRow(e, scale, many) {
  const group = e.group ? label("groups", e.group) : "";
  const levels = [e.mean_treated, e.mean_comparison].map((v) => levelText(v, e.unit));
  const cells = [
    el("a", { href: hashOf({ tab: "study", study: e.study.key, with: "" }), class: "study-link",
      "aria-label": `${word("show_study")}${colon()}${shortName(e.study)}` }, shortName(e.study)),
    el("span", {}, label("outcomes", e.key), group ? el("span", { class: "under" }, group) : null),
  ];
  if (many) cells.push(label("methods", e.method));
  cells.push(intervalPicture(e, scale),
    el("span", {}, el("strong", {}, effectOf(e)), rangeOf(e) ? el("span", { class: "under" }, rangeOf(e)) : null,
      e.status === "exploratory" ? el("span", { class: "under" }, word("statuses").exploratory) : null),
    isMasked(e) ? DASH : say(word("level_arms"), { treated: levels[0], comparison: levels[1] }),
    persons(e), sureCell(e));
  return cells;
}

function effectsOf(unit, effects, left) {
  const many = new Set(effects.map((e) => e.method)).size > 1;
  const scale = scaleOf(effects, many ? 150 : 190);
  const axis = svg("svg", { viewBox: `0 0 ${scale.width} 14`, width: scale.width, height: 14, "aria-hidden": "true" }, axisMarks(scale, unit, 0, 11));
  const heads = ["study", "outcome", ...(many ? ["method"] : []), "picture", "effect", "levels", "n", "sure"].map((kind) => ({
    kind, text: word("columns")[kind], node: kind === "picture" ? el("span", {}, word("columns").picture, axis) : null }));
  const name = unitOf(unit)[lang].many;
  let caption = name ? say(word("effects_caption"), { unit: name }) : word("effects_caption_bare");
  if (!many && effects.length) caption += `, ${inside(label("methods", effects[0].method))}`;
  return table(caption, heads, effects.slice(0, left).map((e) => effectRow(e, scale, many)), { kind: "effects" });
}

function effectsPanel() {
  const effects = chosen();
  const tables = [];
  let left = most;
  for (const unit of unique(effects.map((e) => e.unit))) {
    const mine = effects.filter((e) => e.unit === unit);
    if (left > 0) tables.push(effectsOf(unit, mine, left));
    left -= mine.length;
  }
  const rest = Math.min(-left, STEP);
  const masked = effects.filter(isMasked).length;
  const told = plural(word("found"), effects.length);
  document.getElementById("status").textContent = `${capital(effects.length ? `${told}, ${plural(word("masked_count"), masked)}` : told)}.`;
  return [
    head("h_effects", effects.length ? [["csv-effects", word("download"), () => downloadEffects("file_effects", effects)]] : []),
    effects.length ? el("p", { class: "small" }, word("effects_lead")) : null,
    ...tables,
    rest > 0 ? el("button", { type: "button", id: "more", onclick: () => { most += STEP; render(); } }, say(word("more"), { n: number(rest) })) : null];
}

const head = (name, buttons) => el("div", { class: "head" }, el("h2", {}, word(name)), el("span", { class: "buttons" },
  buttons.map(([id, text, onclick]) => el("button", { type: "button", id, onclick }, text))));
