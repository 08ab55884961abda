// The same effect from one year, or one territory, to another: small multiples on one axis, and a table.
function twoLines(text, most) {
  if (text.length <= most) return [text];
  const cut = text.lastIndexOf(" ", most);
  const at = cut > 0 ? cut : most;
  const rest = text.slice(at).trim();
  return [text.slice(0, at), rest.length > most ? `${rest.slice(0, most - 1)}…` : rest];
}

// Lines of effects on one axis: name at the left, interval, then the effect, its interval and its numbers.
function forest(effects, nameOf, width, scaled = effects) {
  const unit = effects[0].unit, longest = Math.max(...effects.map((e) => nameOf(e).length));
  const left = Math.min(longest * 6.6 + 12, width * 0.3), right = Math.min(196, width * 0.46), line = 46, top = 18;
  const scale = scaleOf(scaled, width - left - right);
  const height = top + line * effects.length + 4, zero = left + scale.x(0);
  const marks = [axisMarks(scale, unit, left, 11), svg("line", { x1: zero, x2: zero, y1: top, y2: height, class: "zero" })];
  effects.forEach((e, at) => {
    const y = top + at * line, middle = y + 20, x = width - right + 10;
    marks.push(svg("line", { x1: 0, x2: width, y1: y, y2: y, class: "grid" }));
    const names = twoLines(nameOf(e), Math.floor(left / 6.3));
    names.forEach((text, i) => marks.push(svg("text", { x: 0, y: middle + 4 + (i - (names.length - 1) / 2) * 13, class: "row" }, text)));
    marks.push(...intervalMarks(e, scale, left, middle));
    marks.push(svg("text", { x, y: y + 14, class: "value" }, effectOf(e), svg("tspan", { class: "level" }, isMasked(e) ? "" : `  ${dots(e.level)}`)),
      rangeOf(e) ? svg("text", { x, y: y + 28, class: "tick" }, rangeOf(e)) : "",
      svg("text", { x, y: y + (rangeOf(e) ? 41 : 28), class: "tick" }, say(word("n_of"), { n: persons(e) })));
  });
  const told = effects.map((e) => `${nameOf(e)}${colon()}${effectOf(e)}${rangeOf(e) ? ` (${rangeOf(e)})` : ""}, ${sureOf(e)}`);
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", class: "forest", "aria-label": `${told.join(". ")}.` }, marks);
}

const yearOf = (e) => (e.study.year ? e.study.year.replace("-", DASH) : word("no_year"));
const placeOf = (e) => e.study.territory[lang] || word("no_territory");

function seriesOf(effects) {
  const found = new Map();
  for (const e of effects) {
    const key = [e.study.programme, e.key, e.method, e.group, e.unit].join("|");
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(e);
  }
  return [...found.values()].filter((list) => list.length > 1).map((list) => list.sort((a, b) =>
    placeOf(a).localeCompare(placeOf(b), lang) || a.study.year.localeCompare(b.study.year)));
}

function seriesTitle(e) {
  return [e.study.programme, label("outcomes", e.key), e.group ? label("groups", e.group) : ""].filter(Boolean).join(", ");
}

function compareTable(list) {
  const years = unique(list.map(yearOf)).sort(), places = unique(list.map(placeOf));
  const heads = [{ kind: "place", text: word("territory") }, ...years.map((year) => ({ kind: "cell", text: year }))];
  const one = (e) => el("div", { class: "compared" }, el("a", { href: hashOf({ tab: "study", study: e.study.key, with: "" }) }, effectOf(e)),
    rangeOf(e) ? el("span", { class: "under" }, rangeOf(e)) : null, el("span", { class: "under" }, say(word("n_of"), { n: persons(e) })),
    el("span", { class: "under" }, isMasked(e) ? why(e) : `${dots(e.level)}${NBSP}${sureOf(e)}`));
  const rows = places.map((place) => [place, ...years.map((year) => {
    const found = list.filter((e) => placeOf(e) === place && yearOf(e) === year);
    return found.length ? el("div", {}, found.map(one)) : DASH;
  })]);
  return table(`${seriesTitle(list[0])}, ${inside(label("methods", list[0].method))}`, heads, rows, { kind: "plain compare" });
}

function comparePanel(width) {
  const all = seriesOf(chosen());
  const years = new Set(all.flat().map(yearOf)).size;
  const by = ["territory", "year"].includes(state.by) ? state.by : years > 1 ? "territory" : "year";
  const [panelOf, rowOf] = by === "territory" ? [placeOf, yearOf] : [yearOf, placeOf];
  const columns = Math.max(1, Math.floor(width / 390)), each = Math.min(400, Math.floor((width - (columns - 1) * 28) / columns));
  document.getElementById("status").textContent = `${capital(plural(word("compared"), all.flat().length))}.`;
  const parts = all.slice(0, 12).map((list) => {
    const panels = unique(list.map(panelOf)).sort((a, b) => a.localeCompare(b, lang));
    const stamp = list.some((e) => e.study.synthetic) ? el("span", { class: "stamp small" }, word("synthetic")) : null;
    return el("article", { class: "series" }, el("h3", {}, seriesTitle(list[0]), " ", stamp),
      el("p", { class: "small" }, say(word("axis_note"), { unit: unitOf(list[0].unit)[lang].many }), ` ${label("methods", list[0].method)}.`),
      el("div", { class: "multiples" }, panels.map((name) => {
        const mine = list.filter((e) => panelOf(e) === name).sort((a, b) => rowOf(a).localeCompare(rowOf(b), lang));
        return el("figure", {}, el("figcaption", {}, name), forest(mine, rowOf, each, list));
      })), compareTable(list));
  });
  const keep = { id: "f-by", onchange: (event) => go({ by: event.target.value }) };
  const select = el("select", keep, ["territory", "year"].map((v) => el("option", { value: v, selected: v === by }, word(`by_${v}`))));
  return [head("h_compare", all.length ? [["csv-compare", word("download"), () => downloadEffects("file_compare", all.flat())]] : []),
    el("div", { class: "field inline" }, el("label", { for: "f-by" }, word("by")), select),
    el("p", { class: "small" }, all.length ? word("compare_lead") : word("compare_none")), ...parts];
}
