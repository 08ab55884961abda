// What is shown, as CSV: names of columns as in the released tables, numbers as the language writes them.
function csvText(columns, rows) {
  const mark = lang === "fr" ? ";" : ",";
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return lang === "fr" ? String(value).replace(".", ",") : String(value);
    const text = /^[=+@\t-]/.test(value) ? `'${value}` : String(value);
    return /["\n;,]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const lines = [columns, ...rows.map((row) => columns.map((name) => row[name]))];
  return `\ufeff${lines.map((line) => line.map(cell).join(mark)).join("\r\n")}\r\n`;
}

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = el("a", { href: url, download: `${name}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

const ofStudy = (study) => ({ study: study.key, programme: study.programme, territory: study.territory[lang], period: study.period[lang],
  synthetic: study.synthetic ? word("synthetic") : "" });
const STUDY = ["study", "programme", "territory", "period", "synthetic"];

function downloadEffects(name, effects) {
  const columns = [...STUDY, "outcome", "horizon_months", "subgroup", "subgroup_value", "method", "estimate", "ci_low", "ci_high",
    "mean_treated", "mean_comparison", "n_treated", "n_comparison", "unit", "status", "certainty", "because"];
  save(word(name), csvText(columns, effects.map((e) => ({ ...e, ...ofStudy(e.study), horizon_months: e.horizon,
    certainty: word("certainty")[e.level], because: why(e) }))));
}

function downloadPart(kind, studies) {
  const parts = {
    curves: [["outcome", "arm", "month", "rate", "std_error", "n_at_risk", "share_unobserved"],
      (s) => Object.entries(s.curves).flatMap(([outcome, packed]) => rowsOf(packed).map((row) => ({ outcome, ...row })))],
    balance: [["covariate", "smd_before", "smd_after", "variance_ratio"], (s) => rowsOf(s.balance)],
    checks: [["check", "question", "answer", "value", "threshold", "sentence", "outcome"],
      (s) => s.checks.map((c) => ({ ...c, question: phrase(c.question), sentence: phrase(c.sentence) }))],
  };
  const [columns, rows] = parts[kind];
  save(word(`file_${kind}`), csvText([...STUDY, ...columns], studies.flatMap((s) => rows(s).map((row) => ({ ...row, ...ofStudy(s) })))));
}
