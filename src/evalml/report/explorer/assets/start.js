// The page: its words, its three parts, and what happens when the address or the width changes.
const LANGUAGES = { fr: "Français", en: "English" };

function drawFrame() {
  document.documentElement.lang = lang;
  document.title = word("title");
  document.querySelector(".skip").textContent = word("skip");
  document.getElementById("title").textContent = word("title");
  document.getElementById("lead").textContent = capital(say(word("lead"), { studies: plural(word("studies"), DATA.studies.length) }));
  const stamp = document.getElementById("stamp");
  stamp.hidden = !DATA.studies.some((study) => study.synthetic);
  stamp.textContent = word("synthetic");
  const keep = document.activeElement && document.activeElement.id;
  const choices = document.getElementById("languages");
  choices.setAttribute("aria-label", word("language"));
  choices.replaceChildren(...Object.entries(LANGUAGES).map(([key, name]) => el("button", { type: "button", id: `lang-${key}`, lang: key,
    "aria-pressed": String(key === lang), onclick: () => go({ lang: key }) }, name)));
  if (keep && keep.startsWith("lang-")) document.getElementById(keep).focus();
  const told = [say(word("disclosure"), { last: number(DATA.minimum_count - 1), mark: word("suppressed") }), word("offline")];
  if (DATA.institution.contact) told.push(say(word("contact"), { contact: DATA.institution.contact }));
  document.getElementById("footer").replaceChildren(...told.map((line) => el("p", {}, line)));
}

function render() {
  readState();
  drawFrame();
  drawFilters();
  drawEffects(chosen());
  drawYears();
  drawStudies();
}

let width = window.innerWidth, waiting;
window.addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => { if (window.innerWidth !== width) { width = window.innerWidth; drawYears(); drawStudies(); } }, 150);
});
// On paper nothing unfolds: the reasons of masked effects are opened.
const unfold = (open) => document.querySelectorAll(".reason").forEach((each) => { each.open = open; });
window.addEventListener("beforeprint", () => unfold(true));
window.addEventListener("afterprint", () => unfold(false));
window.addEventListener("popstate", () => render());
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  if (link.classList.contains("skip")) {
    event.preventDefault();
    document.getElementById("results").focus();
  } else if (link.hash && link.getAttribute("href").startsWith("#")) {
    event.preventDefault();
    history.pushState(null, "", link.hash);
    render();
    const place = document.getElementById("studies");
    place.scrollIntoView();
    place.focus({ preventScroll: true });
  }
});
render();
