// How alike the two groups are, before and after adjustment.
const DRAWN = 12;

function balancePicture(study, width) {
  const rows = rowsOf(study.balance).filter((r) => r.smd_before !== null)
    .sort((a, b) => Math.abs(b.smd_before) - Math.abs(a.smd_before)).slice(0, DRAWN);
  const left = Math.min(210, width * 0.46), right = 14, line = 19, top = 20;
  const low = top + rows.length * line, height = low + 24;
  const limit = study.limit ?? 0.1;
  const high = Math.max(limit * 1.5, ...rows.flatMap((r) => [Math.abs(r.smd_before), Math.abs(r.smd_after ?? 0)])) * 1.05;
  const x = (v) => left + (v / high) * (width - left - right);
  const grid = ticks(0, high, 4);
  const marks = grid.at.map((v) => svg("text", { x: x(v), y: low + 16, class: "tick", "text-anchor": "middle" }, number(v, grid.digits)));
  marks.push(svg("line", { x1: left, x2: width - right, y1: low, y2: low, class: "zero" }),
    svg("line", { x1: x(limit), x2: x(limit), y1: top - 4, y2: low, class: "limit" }),
    svg("text", { x: x(limit) + 4, y: 12, class: "note" }, say(word("limit"), { limit: number(limit, 1) })));
  rows.forEach((r, at) => {
    const y = top + at * line + line / 2;
    const before = x(Math.abs(r.smd_before)), after = r.smd_after === null ? null : x(Math.abs(r.smd_after));
    const name = label("covariates", r.covariate), most = Math.floor(left / 6.1);
    marks.push(svg("text", { x: left - 8, y: y + 4, class: "tick", "text-anchor": "end" }, name.length > most ? `${name.slice(0, most - 1)}…` : name));
    if (after !== null) marks.push(svg("line", { x1: before, x2: after, y1: y, y2: y, class: "grid" }));
    marks.push(svg("circle", { cx: before, cy: y, r: 4, class: "dot comparison hollow" }));
    if (after !== null) marks.push(svg("circle", { cx: after, cy: y, r: 4, class: "dot" }));
    if (at === 0) {
      marks.push(svg("text", { x: Math.min(before, width - 40), y: y - 7, class: "name comparison", "text-anchor": "middle" }, word("before")));
      if (after !== null && before - after > 60) marks.push(svg("text", { x: after + 7, y: y + 4, class: "name treated" }, word("after")));
    }
  });
  const top3 = rows.slice(0, 3).map((r) => `${label("covariates", r.covariate)}, ${number(Math.abs(r.smd_before), 2)} ${word("before")}, ${number(r.smd_after === null ? null : Math.abs(r.smd_after), 2)} ${word("after")}`);
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${word("balance_caption")}. ${top3.join("; ")}.` }, marks);
}

function balancePanel(study, width) {
  if (!study.balance.rows.length) return el("p", { class: "small" }, word("balance_none"));
  const heads = ["covariate", "before", "after", "ratio"].map((kind) => ({ kind, text: word("columns")[kind] }));
  const rows = rowsOf(study.balance);
  const whole = table(`${word("balance_caption")}, ${shortName(study)}`, heads, rows.map((r) => [label("covariates", r.covariate),
    number(r.smd_before, 2, true), number(r.smd_after, 2, true), number(r.variance_ratio, 2)]), { kind: "plain" });
  const rest = rows.length - DRAWN;
  return el("figure", {}, el("figcaption", {}, word("balance_caption")), balancePicture(study, width),
    rest > 0 ? el("p", { class: "small" }, say(word("balance_rest"), { n: number(rest) })) : null,
    folded(word("h_balance"), whole));
}
