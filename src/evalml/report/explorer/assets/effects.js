// The effects: one table per unit, an interval drawn in each line on the same axis.
const STEP = 60;
let most = STEP;
const isMasked = (e) => e.status === "blinded" || e.estimate === null;

function placeOf(e) {
  return shortName(e.study);
}
function scaleOf(effects, width, pad = 10) {
  const ends = effects.filter((e) => !isMasked(e)).flatMap((e) => [e.ci_low, e.ci_high, e.estimate]).filter((v) => v !== null);
  const low = Math.min(0, ...ends), high = Math.max(0, ...ends);
  const room = (high - low) * 0.04 || 1;
  const [from, to] = [low - room, high + room];
  return { x: (v) => pad + ((v - from) / (to - from)) * (width - 2 * pad), from, to, width };
}

function intervalPicture(e, scale) {
  const middle = 11, zero = scale.x(0);
  const marks = [svg("line", { x1: zero, x2: zero, y1: 0, y2: 22, class: "zero" })];
  if (isMasked(e)) {
    marks.push(svg("line", { x1: 4, x2: scale.width - 4, y1: middle, y2: middle, class: "masked-line" }));
  } else {
    marks.push(svg("line", { x1: scale.x(e.ci_low), x2: scale.x(e.ci_high), y1: middle, y2: middle, class: "interval" }));
    marks.push(svg("circle", { cx: scale.x(e.estimate), cy: middle, r: 4.5,
      class: e.status === "exploratory" ? "dot hollow" : "dot" }));
  }
  return svg("svg", { viewBox: `0 0 ${scale.width} 22`, width: scale.width, height: 22, "aria-hidden": "true" }, marks);
}

function axisPicture(scale, unit) {
  const factor = unitOf(unit).scale;
  const { at, digits } = ticks(scale.from * factor, scale.to * factor, 4);
  const marks = at.map((v) => svg("text", { x: scale.x(v / factor), y: 11, class: "tick", "text-anchor": "middle" }, number(v, digits)));
  return svg("svg", { viewBox: `0 0 ${scale.width} 14`, width: scale.width, height: 14, "aria-hidden": "true" }, marks);
}

function certain(study) {
  return say(word("certain"), { level: word("certainty")[study.certainty] });
}

function statusCell(e) {
  const name = e.primary && e.status === "shown" ? "primary" : e.status;
  if (!isMasked(e) && e.primary && e.study.certainty) {
    return el("details", { class: "reason" }, el("summary", {}, `${word("statuses")[name]}, ${inside(certain(e.study))}`),
      el("span", {}, e.study.because[lang]));
  }
  if (!isMasked(e)) return word("statuses")[name];
  if (!e.reason) return word("masked");
  return el("details", { class: "reason" }, el("summary", {}, word("statuses").blinded),
    el("span", { lang: e.reason[lang] === e.reason.fr ? "fr" : null }, e.reason[lang]));
}

function effectRow(e, scale, many) {
  const hidden = isMasked(e);
  const group = e.subgroup ? label("groups", `${e.subgroup}=${e.subgroup_value}`) : "";
  const levels = [e.mean_treated, e.mean_comparison].map((v) => levelText(v, e.unit));
  const cells = [
    el("a", { href: hashOf({ study: e.study.key, curve: e.key.replace(/_m\d+$/, "") }), class: "study-link",
      "aria-label": `${word("show_study")}${colon()}${placeOf(e)}` }, placeOf(e)),
    group ? `${label("outcomes", e.key)}, ${group}` : label("outcomes", e.key),
  ];
  if (many) cells.push(label("methods", e.method));
  cells.push(intervalPicture(e, scale),
    hidden ? word("masked") : effectText(e.estimate, e.unit),
    hidden ? DASH : intervalText(e.ci_low, e.ci_high, e.unit),
    hidden ? DASH : say(word("level_arms"), { treated: levels[0], comparison: levels[1] }),
    say(word("n_arms"), { treated: count(e.n_treated), comparison: count(e.n_comparison) }),
    statusCell(e));
  return cells;
}

function effectsOf(unit, effects, left) {
  const many = new Set(effects.map((e) => e.method)).size > 1;
  const scale = scaleOf(effects, many ? 190 : 240);
  const heads = ["study", "outcome", ...(many ? ["method"] : []), "picture", "effect", "interval", "levels", "n", "status"].map((kind) => ({
    kind, text: word("columns")[kind],
    node: kind === "picture" ? el("span", {}, word("columns").picture, axisPicture(scale, unit)) : null }));
  const name = unitOf(unit)[lang].many;
  let caption = name ? say(word("effects_caption"), { unit: name }) : word("effects_caption_bare");
  if (!many && effects.length) caption += `, ${inside(label("methods", effects[0].method))}`;
  return table(caption, heads, effects.slice(0, left).map((e) => effectRow(e, scale, many)), { kind: "effects" });
}

function drawEffects(effects) {
  const units = unique(effects.map((e) => e.unit));
  const tables = [];
  let left = most;
  for (const unit of units) {
    const mine = effects.filter((e) => e.unit === unit);
    if (left > 0) tables.push(effectsOf(unit, mine, left));
    left -= mine.length;
  }
  const rest = Math.min(-left, STEP);
  document.getElementById("results").replaceChildren(
    el("div", { class: "head" }, el("h2", { id: "h-effects" }, word("h_effects")),
      effects.length ? el("button", { type: "button", id: "csv-effects", onclick: () => downloadEffects("file_effects", effects) }, word("download")) : null),
    effects.length ? el("p", { class: "small" }, word("effects_lead")) : el("p", {}, capital(plural(word("found"), 0)), "."),
    ...tables,
    rest > 0 ? el("button", { type: "button", id: "more", onclick: () => { most += STEP; drawEffects(effects); } }, say(word("more"), { n: number(rest) })) : "");
  const masked = effects.filter(isMasked).length;
  const told = plural(word("found"), effects.length);
  const status = effects.length ? `${told}, ${plural(word("masked_count"), masked)}` : told;
  document.getElementById("status").textContent = `${capital(status)}.`;
}
