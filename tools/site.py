"""Hooks of mkdocs: a link out of `docs/` is shown as its path; axe finds nothing on a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)]*)?\)")


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Return the text of a page with its links out of the site as words."""
    here = (DOCS / page.file.src_path).parent

    def shown(link: re.Match[str]) -> str:
        target = link[2]
        if "://" in target or (here / target).resolve().is_relative_to(DOCS):
            return link[0]
        path = (here / target).resolve().relative_to(DOCS.parent)
        return link[1] if str(path) in link[1] else f"{link[1]} (`{path}`)"

    return steps(LINK.sub(shown, markdown))


def steps(markdown: str) -> str:
    """Return a page whose numbered steps hold together: four spaces, a blank line."""
    found, inside = [], False
    for line in markdown.split("\n"):
        if re.match(r"\d+\. ", line):
            found += [""] if inside and found[-1].strip() else []
            inside = True
        elif line.strip() and not line.startswith("   "):
            inside = False
        found.append(f" {line}" if inside and line.startswith("   ") else line)
    return "\n".join(found)


READABLE = """<style>
.highlight :is(.c, .c1, .cm) { color: #595959 !important; }
.md-typeset :is(p, li, td, dd) a { text-decoration: underline; }
.md-tabs__link { opacity: 1; transition: none; }
.md-footer-meta, .md-copyright { color: #fff; }
</style>
<script>
document$.subscribe(() => document.querySelectorAll(".md-typeset__scrollwrap, pre > code")
  .forEach((each) => each.setAttribute("tabindex", "0")));
</script>
</body>"""
"""Links seen without their colour, tabs in full white, wide tables that the keyboard scrolls."""


def on_post_page(output: str, **_: object) -> str:
    """Return a page with what the theme leaves out."""
    return output.replace("</body>", READABLE, 1)
