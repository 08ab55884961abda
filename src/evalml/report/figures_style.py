"""What all figures share: colours that survive grey printing, the stamp, the files."""

from __future__ import annotations

from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes

TREATED, COMPARISON, MUTED, RULE = "#12436D", "#C65A11", "#767676", "#BFBFBF"
"""Dark blue, burnt orange, two greys: told apart by the colour-blind and, by lightness, in grey."""

WIDTH = 6.7
"""Inches: the text width of an A4 page."""

STAMP = {"fr": "données synthétiques", "en": "synthetic data"}
SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "svg.hashsalt": "evalml",
    "svg.fonttype": "none",
    "axes.unicode_minus": True,
}

"""What the house sets over the white theme of seaborn for paper."""

FACES = b"'Libertinus Serif', 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans'"
"""Typefaces of the words of an SVG: that of the PDF, then those of the page; the first is known."""

RESOLUTION = 200
"""Dots per inch of a PNG: fit for print."""

SHOWN = 144
"""Dots per inch at which a notebook shows it."""

OPTIONS: dict[str, dict[str, Any]] = {
    "svg": {"metadata": {"Date": None, "Creator": "evalml"}},
    "png": {"metadata": {"Software": "evalml"}, "dpi": RESOLUTION},
}
"""Formats of a figure, and what makes its bytes the same for the same data."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture, with the words that stand for it.

    Attributes:
        fig: The matplotlib figure.
        name: Name of its files, such as `trajectories`.
        title: Its caption, without a number.
        alt: What it shows, for who cannot see it.
        synthetic: Whether it carries the stamp.
        kept: The bytes of the formats made so far: each is drawn once, however often it is asked.
    """

    fig: Canvas
    name: str
    title: str
    alt: str
    synthetic: bool = False
    kept: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def picture(self, kind: str) -> bytes:
        """Return the figure as a file of that kind, `svg` or `png`; the same bytes each time."""
        if kind not in self.kept:
            buffer = BytesIO()
            with house_style():
                lay_out(self.fig)
                self.fig.savefig(buffer, format=kind, **OPTIONS[kind])
            drawn = buffer.getvalue()
            self.kept[kind] = drawn.replace(b"'DejaVu Sans'", FACES) if kind == "svg" else drawn
        return self.kept[kind]

    def _ipython_display_(self) -> None:
        """Show the picture in a notebook under its title."""
        from IPython.display import display

        display({"text/markdown": f"**{self.title}**", "text/plain": self.title}, raw=True)
        bundle, metadata = self._repr_mimebundle_()
        display(bundle, metadata=metadata, raw=True)

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
        """Show the picture in a notebook, with its alternative text."""
        picture = b64encode(self.picture("png")).decode()
        width = round(self.fig.get_figwidth() * SHOWN)
        return (
            {"image/png": picture, "text/plain": self.alt},
            {"image/png": {"alt": self.alt, "width": width}},
        )


def lay_out(fig: Canvas) -> None:
    """Give everything its place, once for all formats; each would find it anew, twice."""
    layout = fig.get_layout_engine()
    if layout is not None:
        fig.set_dpi(RESOLUTION)
        layout.execute(fig)
        fig.set_layout_engine(None)


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the white theme of seaborn and the style of the house, and leave no trace of it."""
    with mpl.rc_context(theme() | SETTINGS):
        yield


@cache
def theme() -> Any:
    """Return the white theme of seaborn, at the size of a page."""
    import seaborn as sns

    return {**sns.axes_style("white"), **sns.plotting_context("paper")}


def canvas(height: float) -> Canvas:
    """Return an empty figure of the width of the page and `height` inches."""
    fig = Canvas(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(fig)
    return fig


def bare(axes: Axes, *, sides: tuple[str, ...] = ("bottom",)) -> None:
    """Leave only the spines of `sides`."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in sides)


def name_line(axes: Axes, place: float, text: str, colour: str) -> None:
    """Write the name of a vertical line above the panel, where nothing crosses it."""
    axes.annotate(text, (place, 1.0), xycoords=axes.get_xaxis_transform(), xytext=(0, 3),
                  textcoords="offset points", ha="center", va="bottom", fontsize=7.5,
                  color=colour, annotation_clip=False)  # fmt: skip


def few_ticks(most: int) -> MaxNLocator:
    """Return a locator of at most `most` round ticks."""
    return MaxNLocator(nbins=most, steps=[1, 2, 5, 10])


def stamp(fig: Canvas, lang: str) -> None:
    """Write « données synthétiques » where nobody can miss it, nor crop it by mistake."""
    text = STAMP[lang]
    layout = fig.get_layout_engine()
    if isinstance(layout, ConstrainedLayoutEngine):
        layout.set(rect=(0, 0, 1, 1 - 0.24 / fig.get_figheight()))
    top = 1 - 3 / (72 * fig.get_figheight())  # three points below the edge
    fig.text(
        0.998, top, text.upper(), ha="right", va="top", fontsize=7.5, weight="bold",
        color="#8A1C1C", in_layout=False,
    )  # fmt: skip


def write_figure(figure: Figure, folder: Path) -> tuple[Path, Path]:
    """Write the SVG and the PNG (200 dpi) of a figure, the same bytes for the same data.

    Args:
        figure: The figure.
        folder: Where to; made if needed.

    Returns:
        The two files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    svg, png = folder / f"{figure.name}.svg", folder / f"{figure.name}.png"
    for path in (svg, png):
        path.write_bytes(figure.picture(path.suffix[1:]))
    return svg, png
