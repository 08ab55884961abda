// Words, numbers and elements. Nothing here is ever read as HTML: text goes in as text.
const DATA = JSON.parse(document.getElementById("data").textContent);
const NBSP = "\u00a0", NARROW = "\u202f", MINUS = "\u2212", DASH = "\u2013";
let lang = DATA.language;
const word = (key) => DATA.words[lang][key];
const say = (template, values = {}) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const plural = (forms, n) => say(forms[Math.min(n, 2)], { n: number(n) });
const phrase = (place) => (place < 0 ? "" : DATA.phrases[place][lang === "fr" ? 0 : 1]);
const rowsOf = (packed) => packed.rows.map((row) => Object.fromEntries(packed.columns.map((name, at) => [name, row[at]])));
const label = (kind, name) => DATA.labels[lang][kind][name] || name;
const inside = (text) => (/^[A-Z\u00c0-\u00dc][a-z\u00e0-\u00ff]+(?!-)\b/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);
const colon = () => (lang === "fr" ? `${NBSP}: ` : ": ");
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function halfEven(value, digits) {
  const scaled = value * 10 ** digits;
  const floor = Math.floor(scaled);
  if (scaled - floor !== 0.5) return value.toFixed(digits);
  return ((floor % 2 ? floor + 1 : floor) / 10 ** digits).toFixed(digits);
}

function number(value, digits = 0, sign = false) {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  const text = halfEven(Math.abs(value), digits);
  let [whole, part] = text.split(".");
  whole = whole.replace(/\B(?=(\d{3})+$)/g, lang === "fr" ? NARROW : ",");
  const shown = part ? whole + (lang === "fr" ? "," : ".") + part : whole;
  const nothing = Number(text) === 0;
  return (value < 0 && !nothing ? MINUS : sign && !nothing ? "+" : "") + shown;
}

const unitOf = (name) => DATA.units[name] || { scale: 1, effect_digits: 2, level_digits: 2,
  fr: { one: name, many: name, level: name }, en: { one: name, many: name, level: name } };
const hold = (text, name) => (name ? text + (lang === "en" && name === "%" ? "" : NBSP) + name : text);
const count = (n) => (n === null ? word("suppressed") : number(n));

function effectNumber(value, unit) {
  const shown = unitOf(unit);
  return number(value === null ? null : value * shown.scale, shown.effect_digits, true);
}
function unitName(value, unit) {
  const shown = unitOf(unit);
  const size = Math.abs(Number((value * shown.scale).toFixed(shown.effect_digits)));
  if (lang === "en") return size === 1 && !shown.effect_digits ? shown.en.many.replace(/s$/, "") : shown.en.many;
  return size < 2 ? shown.fr.one : shown.fr.many;
}
const effectText = (value, unit) => hold(effectNumber(value, unit), unitName(value, unit));
function intervalText(low, high, unit) {
  return say(word("from_to"), { low: effectNumber(low, unit), high: effectNumber(high, unit) });
}
function levelText(value, unit) {
  const shown = unitOf(unit);
  const text = number(value === null ? null : value * shown.scale, shown.level_digits);
  return text === DASH ? text : hold(text, shown[lang].level);
}
function dateText(day) {
  const date = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return day;
  const form = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return date.toLocaleDateString(lang === "fr" ? "fr-FR" : "en-GB", form);
}

function build(make, name, given, children) {
  const node = make(name);
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(3)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}
const el = (name, given = {}, ...children) =>
  build((tag) => document.createElement(tag), name, given, children);
const svg = (name, given = {}, ...children) =>
  build((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag), name, given, children);

function ticks(low, high, most) {
  const rough = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(i * step);
  return { at: found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// A table that keeps its sense for a screen reader when a narrow screen lays its cells in a pile.
function table(caption, heads, rows, more = {}) {
  const head = el("tr", { role: "row" }, heads.map((h) =>
    el("th", { scope: "col", role: "columnheader", class: h.kind }, h.node || h.text)));
  const body = rows.map((cells) => el("tr", { role: "row" }, cells.map((cell, at) => {
    const told = cell instanceof Node || typeof cell === "string" ? { is: cell } : cell;
    const name = at === 0 ? "th" : "td";
    const given = { role: at === 0 ? "rowheader" : "cell", "data-label": heads[at].text,
      class: heads[at].kind, scope: at === 0 ? "row" : null };
    return el(name, given, told.is);
  })));
  const whole = el("table", { role: "table", class: more.kind },
    el("caption", {}, caption), el("thead", { role: "rowgroup" }, head),
    el("tbody", { role: "rowgroup" }, body));
  return el("div", { class: "frame", role: "region", tabindex: "0", "aria-label": caption }, whole);
}
const folded = (name, node) =>
  el("details", {}, el("summary", {}, say(word("numbers_of"), { name })), node);
