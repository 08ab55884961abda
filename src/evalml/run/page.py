"""The executed notebook as its reader gets it: no path of this machine, one HTML file."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def scrub(path: Path, source: str) -> None:
    """Take this machine's paths out of an executed notebook.

    Args:
        path: The executed notebook; nothing is done where there is none.
        source: Name of the notebook it comes from.
    """
    import nbformat

    if not path.is_file():
        return
    notebook = nbformat.read(path, as_version=4)
    record = notebook.metadata.get("papermill", {})
    record["input_path"] = f"notebooks/{source}"
    record["output_path"] = path.name
    nbformat.write(notebook, path)


def write_html(path: Path) -> Path:
    """Write the executed notebook as one HTML file that needs no network."""
    body, _ = _exporter().from_filename(str(path))
    body = body.replace("</head>", "<style>pre{white-space:pre-wrap!important}</style></head>", 1)
    target = path.with_suffix(".html")
    target.write_text(body, encoding="utf-8")
    return target


def get_ready() -> None:
    """Import and compile what `write_html` needs: in a thread, while the kernel works."""
    from nbformat import v4

    cells = [v4.new_markdown_cell("**é**"), v4.new_code_cell("x = 1")]
    _exporter().from_notebook_node(v4.new_notebook(cells=cells))


@cache
def _exporter() -> Any:
    """Return the exporter: its templates are compiled once per process."""
    from nbconvert import HTMLExporter

    return HTMLExporter(
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
        exclude_input_prompt=True,
    )
