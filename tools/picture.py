"""Draw the picture of the README from a finished run of the demonstration.

python -m tools.picture RUN
"""

from __future__ import annotations

import sys
from pathlib import Path

from evalml.report import plot_effects, read_results
from evalml.report.results import read_meta

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "effects.png"


def main(run: Path) -> None:
    """Draw the effects on employment, every method, and save them."""
    results = read_results(run / "results")
    effects = results["effects"]
    chosen = effects[(effects["outcome"] == "emploi") & (effects["subgroup"] == "")]
    figure = plot_effects(chosen, labels=read_meta(run / "results")["labels"], synthetic=True)
    figure.fig.savefig(TARGET, dpi=130, metadata={"Software": "evalml"})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
