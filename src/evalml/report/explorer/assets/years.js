// The same effect from year to year.
const seriesName = (e) => [e.study.programme, e.study.territory[lang], label("outcomes", e.key),
  label("methods", e.method), e.subgroup ? label("groups", `${e.subgroup}=${e.subgroup_value}`) : ""].filter(Boolean).join(", ");

function seriesOf(effects) {
  const found = new Map();
  for (const e of effects.filter((each) => each.study.year)) {
    const key = [e.study.programme, e.study.territory.fr, e.key, e.method, e.subgroup, e.subgroup_value].join("|");
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(e);
  }
  return [...found.values()].filter((list) => new Set(list.map((e) => e.study.year)).size > 1)
    .map((list) => list.sort((a, b) => a.study.year.localeCompare(b.study.year)));
}

function yearsPicture(list, width) {
  const unit = list[0].unit, factor = unitOf(unit).scale;
  const height = 190, left = 44, low = height - 24, top = 12;
  const vertical = scaleOf(list, 1, 0);
  const y = (v) => low - ((v - vertical.from) / (vertical.to - vertical.from)) * (low - top);
  const years = unique(list.map((e) => e.study.year));
  const x = (year) => left + ((years.indexOf(year) + 0.5) / years.length) * (width - left - 8);
  const grid = ticks(vertical.from * factor, vertical.to * factor, 4);
  const marks = grid.at.flatMap((v) => [
    svg("line", { x1: left, x2: width - 8, y1: y(v / factor), y2: y(v / factor), class: Math.abs(v) < 1e-9 ? "zero" : "grid" }),
    svg("text", { x: left - 6, y: y(v / factor) + 4, class: "tick", "text-anchor": "end" }, number(v, grid.digits, true))]);
  for (const e of list) {
    const at = x(e.study.year);
    marks.push(svg("text", { x: at, y: height - 6, class: "tick", "text-anchor": "middle" }, e.study.year.replace("-", DASH)));
    if (isMasked(e)) { marks.push(svg("text", { x: at, y: y(0) - 6, class: "note", "text-anchor": "middle" }, word("masked"))); continue; }
    marks.push(svg("line", { x1: at, x2: at, y1: y(e.ci_low), y2: y(e.ci_high), class: "interval" }),
      svg("circle", { cx: at, cy: y(e.estimate), r: 4.5, class: e.status === "exploratory" ? "dot hollow" : "dot" }),
      svg("text", { x: at + 8, y: y(e.estimate) + 4, class: "value" }, effectNumber(e.estimate, unit)));
  }
  const points = list.map((e) => (isMasked(e) ? `${e.study.year} ${word("masked")}` : say(word("years_point"), { year: e.study.year,
    effect: effectText(e.estimate, unit), interval: intervalText(e.ci_low, e.ci_high, unit) }))).join(lang === "fr" ? ` ; ` : "; ");
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": say(word("years_alt"), { series: seriesName(list[0]), points }) }, marks);
}

function yearsTable(list) {
  const heads = ["year", "effect", "interval", "n"].map((kind) => ({ kind, text: word("columns")[kind] }));
  return table(seriesName(list[0]), heads, list.map((e) => [
    el("a", { href: hashOf({ study: e.study.key }) }, e.study.year.replace("-", DASH)),
    isMasked(e) ? word("masked") : effectText(e.estimate, e.unit),
    isMasked(e) ? DASH : intervalText(e.ci_low, e.ci_high, e.unit),
    say(word("n_arms"), { treated: count(e.n_treated), comparison: count(e.n_comparison) })]), { kind: "plain" });
}

function drawYears() {
  const all = seriesOf(chosen(["year"]));
  const wide = document.getElementById("years").clientWidth || 900;
  const width = Math.min(430, wide);
  const stamp = (list) => (list.some((e) => e.study.synthetic) ? el("span", { class: "stamp small" }, word("synthetic")) : null);
  const cards = all.slice(0, 24).map((list) => el("article", { class: "pair" },
    el("figure", {}, el("figcaption", {}, capital(seriesName(list[0])), " ", stamp(list)), yearsPicture(list, width)), yearsTable(list)));
  document.getElementById("years").replaceChildren(
    el("div", { class: "head" }, el("h2", { id: "h-years" }, word("h_years")),
      all.length ? el("button", { type: "button", id: "csv-years", onclick: () => downloadEffects("file_years", all.flat()) }, word("download")) : null),
    el("p", { class: "small" }, all.length ? word("years_lead") : word("years_none")), ...cards);
}
