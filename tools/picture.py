"""Draw the picture of the README and the first page of the docs from a run of the demonstration.

python -m tools.picture RUN
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from evalml.report import plot_effects, read_results, write_note
from evalml.report.figure_effects import Marks
from evalml.report.results import read_meta
from evalml.report.verdict import NEVER

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"


def main(run: Path) -> None:
    """Draw the effects on employment, every method, and the first page of the note; save both."""
    effects, meta = read_results(run / "results")["effects"], read_meta(run / "results")
    whole = (effects["outcome"] == "emploi") & (effects["subgroup"] == "")
    chosen = effects[whole & (effects["estimand"] != NEVER)]
    marks = Marks(None, meta.get("threshold"))
    figure = plot_effects(chosen, labels=meta["labels"], marks=marks, synthetic=True)
    figure.fig.savefig(IMAGES / "effects.png", dpi=130, metadata={"Software": "evalml"})
    with TemporaryDirectory() as folder:
        write_note(run, formats=("pdf",), out=Path(folder))
        command = ["pdftoppm", "-r", "80", "-l", "1", "-png", "-singlefile", f"{folder}/note.pdf"]
        subprocess.run([*command, str(IMAGES / "note-page-1")], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
