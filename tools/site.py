"""Hook of mkdocs: a link out of `docs/`, to a file of the repository, is shown as its path."""

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

    return LINK.sub(shown, markdown)
