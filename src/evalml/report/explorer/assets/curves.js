// Both arms month by month, named where they end, with who is still followed.
const ARMS = ["treated", "comparison", "comparison_unweighted"];

function curvesHigh(studies) {
  const tops = studies.flatMap((s) => (s.curves[outcomeOf(s)] ? rowsOf(s.curves[outcomeOf(s)]) : []))
    .map((r) => (r.rate === null ? 0 : r.rate + 1.96 * (r.std_error || 0)));
  return Math.max(0, ...tops) || 1;
}
const curveUnit = (study, outcome) => (EFFECTS.find((e) => e.study === study && e.outcome === outcome) || { unit: "proportion" }).unit;
const isHiddenCurve = (rows) => !rows.some((r) => r.arm === "comparison");

function path(points) {
  let text = "", pen = "M";
  for (const [x, y] of points) {
    if (y === null) { pen = "M"; continue; }
    text += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  }
  return text;
}

function curvesPicture(study, outcome, high, width) {
  const rows = rowsOf(study.curves[outcome]), unit = curveUnit(study, outcome), factor = unitOf(unit).scale;
  const narrow = width < 420;
  const left = 40, right = narrow ? 24 : 164, top = 24, low = 200, height = 268;
  const months = unique(rows.map((r) => r.month)).sort((a, b) => a - b);
  const [first, last] = [months[0], months[months.length - 1]];
  const x = (m) => left + ((m - first) / (last - first || 1)) * (width - left - right);
  const y = (v) => (v === null ? null : low - (v / (high * 1.04)) * (low - top));
  const grid = ticks(0, high * factor * 1.04, 5);
  const unitText = unit === "proportion" ? word("share_axis") : say(word("level_axis"), { unit: unitOf(unit)[lang].level });
  const marks = [svg("text", { x: 4, y: 12, class: "tick" }, unitText)];
  for (const v of grid.at) {
    marks.push(svg("line", { x1: left, x2: width - right, y1: y(v / factor), y2: y(v / factor), class: "grid" }),
      svg("text", { x: left - 6, y: y(v / factor) + 4, class: "tick", "text-anchor": "end" }, number(v, grid.digits)));
  }
  if (first < 0) marks.push(svg("line", { x1: x(0), x2: x(0), y1: top, y2: low, class: "zero" }));
  const shownMonths = months.filter((m) => m % (last - first > 14 ? 6 : 3) === 0);
  for (const m of shownMonths) marks.push(svg("text", { x: x(m), y: low + 15, class: "tick", "text-anchor": "middle" }, number(m)));
  marks.push(svg("text", { x: (left + width - right) / 2, y: low + 29, class: "tick", "text-anchor": "middle" }, word("month_axis")));
  const arms = ARMS.filter((arm) => rows.some((r) => r.arm === arm));
  const ends = [];
  for (const arm of arms) {
    const mine = rows.filter((r) => r.arm === arm);
    const known = mine.filter((r) => r.rate !== null);
    const half = (r) => 1.96 * (r.std_error || 0);
    if (known.length && arm !== "comparison_unweighted") {
      const up = known.map((r) => [x(r.month), y(r.rate + half(r))]);
      const down = known.map((r) => [x(r.month), y(Math.max(0, r.rate - half(r)))]).reverse();
      marks.push(svg("path", { d: `${path(up)}${path(down).replace("M", "L")}Z`, class: `band ${arm}` }));
    }
    marks.push(svg("path", { d: path(mine.map((r) => [x(r.month), y(r.rate)])), class: `curve ${arm}` }));
    if (known.length) ends.push({ arm, at: known[known.length - 1], y: y(known[known.length - 1].rate) });
  }
  let floor = Infinity;
  ends.sort((a, b) => b.y - a.y).forEach((end, at) => {
    const place = Math.min(end.y + 4, floor - 13);
    floor = place;
    const [short, rest] = word("arms")[end.arm].split(", ");
    const name = rest ? `${short}*` : short;
    // On a narrow screen there is no room at the right: the highest is named above, the others below.
    const under = rows.filter((r) => r.rate !== null && x(r.month) > width - right - 6.9 * name.length).map((r) => y(r.rate));
    const inner = at === ends.length - 1 ? Math.min(...under) - 8 : Math.max(...under) + 14 * (ends.length - 1 - at) + 4;
    marks.push(svg("text", { x: narrow ? width - right : x(end.at.month) + 6, y: narrow ? inner : place, class: `name ${end.arm}`,
      "text-anchor": narrow ? "end" : "start" }, name));
  });
  arms.filter((arm) => arm !== "comparison_unweighted").forEach((arm, line) => {
    for (const m of shownMonths.filter((_, i) => !narrow || i % 2 === 0)) {
      const row = rows.find((r) => r.arm === arm && r.month === m);
      if (row) marks.push(svg("text", { x: x(m), y: low + 47 + 14 * line, class: `tick ${arm}`, "text-anchor": "middle" }, count(row.n_at_risk)));
    }
    if (line === 0 && !narrow) marks.push(svg("text", { x: width - right + 24, y: low + 47, class: "tick" }, word("at_risk")));
  });
  const alt = ends.map((end) => `${word("arms")[end.arm]}${colon()}${levelText(end.at.rate, unit)}, ${word("columns").month.toLowerCase()} ${end.at.month}`).join(". ");
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": `${label("outcomes", outcome)}. ${alt}.` }, marks);
}

function curvesTable(study, outcome) {
  const unit = curveUnit(study, outcome);
  const heads = ["month", "arm", "rate", "interval", "n", "unobserved"].map((kind) => ({ kind, text: word("columns")[kind] }));
  const rows = rowsOf(study.curves[outcome]).sort((a, b) => a.month - b.month || ARMS.indexOf(a.arm) - ARMS.indexOf(b.arm));
  const ends = (r) => (r.rate === null || r.std_error === null ? DASH
    : say(word("from_to"), { low: levelText(r.rate - 1.96 * r.std_error, unit), high: levelText(r.rate + 1.96 * r.std_error, unit) }));
  return table(`${say(word("curves_caption"), { outcome: label("outcomes", outcome) })}, ${shortName(study)}`, heads, rows.map((r) => [
    number(r.month), word("arms")[r.arm] || r.arm, levelText(r.rate, unit), ends(r), count(r.n_at_risk), levelText(r.unobserved ?? r.share_unobserved, "proportion")]), { kind: "plain" });
}

function curvesPanel(study, outcome, high, width) {
  if (!study.curves[outcome]) return el("p", { class: "small" }, word("curves_none"));
  const rows = rowsOf(study.curves[outcome]);
  return el("figure", {}, el("figcaption", {}, say(word("curves_caption"), { outcome: label("outcomes", outcome) })),
    curvesPicture(study, outcome, high, width),
    isHiddenCurve(rows) ? el("p", { class: "masked-note" }, word("curves_masked")) : null,
    rows.some((r) => r.arm === "comparison_unweighted") ? el("p", { class: "small" }, `* ${word("arms").comparison_unweighted}`) : null,
    folded(word("h_curves"), curvesTable(study, outcome)));
}
