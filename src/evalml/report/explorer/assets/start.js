// The page: its words, its tabs, and what happens when the address or the width changes.
const LANGUAGES = { fr: "Français", en: "English" };
const PANELS = { effects: effectsPanel, compare: comparePanel, study: studyPanel };

function drawFrame() {
  document.documentElement.lang = lang;
  document.title = word("title");
  document.querySelector(".skip").textContent = word("skip");
  document.getElementById("title").textContent = word("title");
  document.getElementById("lead").textContent = capital(say(word("lead"), { studies: plural(word("studies"), DATA.studies.length) }));
  const stamp = document.getElementById("stamp");
  stamp.hidden = !DATA.studies.some((study) => study.synthetic);
  stamp.textContent = word("synthetic");
  const choices = document.getElementById("languages");
  choices.setAttribute("aria-label", word("language"));
  choices.replaceChildren(...Object.entries(LANGUAGES).map(([key, name]) => el("button", { type: "button", id: `lang-${key}`, lang: key,
    "aria-pressed": String(key === lang), onclick: () => go({ lang: key }) }, name)));
  const told = [say(word("disclosure"), { last: number(DATA.minimum_count - 1), mark: word("suppressed") }), word("offline")];
  if (DATA.institution.contact) told.push(say(word("contact"), { contact: DATA.institution.contact }));
  document.getElementById("footer").replaceChildren(...told.map((line) => el("p", {}, line)));
}

function drawTabs() {
  const move = { ArrowRight: 1, ArrowLeft: -1 };
  const list = document.getElementById("tabs");
  list.setAttribute("aria-label", word("tabs"));
  list.replaceChildren(...TABS.map((tab, at) => el("button", { type: "button", role: "tab", id: `tab-${tab}`, "aria-controls": "panel",
    "aria-selected": String(tab === state.tab), tabindex: tab === state.tab ? "0" : "-1", onclick: () => go({ tab }),
    onkeydown: (event) => {
      if (!(event.key in move)) return;
      const next = TABS[(at + move[event.key] + TABS.length) % TABS.length];
      go({ tab: next });
      document.getElementById(`tab-${next}`).focus();
    } }, word(`h_${tab}`))));
}

function render() {
  readState();
  const keep = document.activeElement && document.activeElement.id;
  drawFrame();
  drawFilters();
  drawTabs();
  const panel = document.getElementById("panel");
  panel.setAttribute("aria-labelledby", `tab-${state.tab}`);
  panel.replaceChildren(...PANELS[state.tab](panel.clientWidth || 900).filter((node) => node !== null));
  const place = keep && document.getElementById(keep);
  if (place && place !== document.activeElement) place.focus({ preventScroll: true });
}

let width = window.innerWidth, waiting;
window.addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => { if (window.innerWidth !== width) { width = window.innerWidth; render(); } }, 150);
});
window.addEventListener("popstate", () => render());
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || !link.getAttribute("href").startsWith("#")) return;
  event.preventDefault();
  const panel = document.getElementById("panel");
  if (!link.classList.contains("skip")) {
    history.pushState(null, "", link.hash);
    render();
    panel.scrollIntoView();
  }
  panel.focus({ preventScroll: true });
});
render();
