"""Write docs/reference/synthetic-figures.md: published figures next to those of the worlds.

Run: python -m tools.synthetic_page (about three minutes: it makes both full-size worlds).
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import duckdb
import matplotlib as mpl

from evalml.synthetic.make import make_world, produce
from evalml.synthetic.margins import read_margins
from evalml.synthetic.world import read_world

mpl.use("Agg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[1]
CODES = ("59", "62", "02", "60", "80")
MONEY = {
    "Allowances CEJ, euros": ("CEJ", (55039150, 25401823, 10277040, 8641749, 4920411)),
    "Allowances PACEA, euros": ("PACEA", (1967285, 1087223, 374303, 511693, 386622)),
}
PAID = """
select dep, round(sum(montant_eur))::bigint from 'allocations.parquet' join home using (id_jeune)
where dispositif = '{programme}' and year(mois) = 2024 group by 1"""
LEFT = """
select dep, round(100 * avg((motif_fin in ({motifs}))::int), 1)
from 'accompagnements.parquet' join home using (id_jeune)
where dispositif = 'CEJ' and year(date_fin) = 2024 group by 1"""
EXITS = {
    "CEJ exits, positive, %": (
        "'EMPLOI_DURABLE', 'RETOUR_SCOLARITE'",
        (25.3, 21.9, 18.8, 19.6, 18.9),
    ),
    "CEJ exits, with a situation, %": (
        (
            "'EMPLOI_DURABLE', 'RETOUR_SCOLARITE', 'EMPLOI_COURT', 'ALTERNANCE', 'FORMATION',"
            " 'SERVICE_CIVIQUE'"
        ),
        (42.7, 38.0, 37.2, 36.6, 35.4),
    ),
}


def _published_counts() -> ModuleType:
    """Return the module of the tests, by path."""
    path = ROOT / "tests" / "truth" / "published_counts.py"
    spec = importlib.util.spec_from_file_location("published_counts", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["published_counts"] = module
    spec.loader.exec_module(module)
    return module


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}".replace(",", " ")


def _row(name: str, printed: list, got: list) -> str:
    cells = [f"{_number(p)} / {_number(g)}" for p, g in zip(printed, got, strict=True)]
    return f"| {name} | {' | '.join(cells)} | {_verdict(list(printed), list(got))} |"


def _verdict(printed: object, got: object) -> str:
    return "equal" if printed == got else "differs"


def rows_2024(folder: Path, module: ModuleType) -> list[str]:
    """Return the lines of the table of 2024."""
    margins = read_margins("hdf_2024")
    found = module.counts(folder, module.COUNTS_2024, 2024)
    wanted = {code: margins.targets(code) for code in CODES}
    total = {"59": 49388, "62": 22578, "02": 7319, "60": 8771, "80": 5767}
    lines = []
    for name, got in found.items():
        rows = (
            margins.rows.get(name)
            or margins.people.get(name)
            or (total if name == "contrats" else {})
        )
        if name.startswith("theme "):
            shares = margins.themes[name.removeprefix("theme ")]
            rows = {code: round(shares[code] * wanted[code]["accompagne"]) for code in CODES}
        if name.startswith("parrainage"):
            printed = margins.parrainage.new if "nouveaux" in name else margins.parrainage.all
            lines.append(
                f"| {name} (region) | {_number(printed)} / {_number(got['region'])} "
                f"| | | | | {_verdict(printed, got['region'])} |"
            )
            continue
        lines.append(
            _row(
                name,
                [wanted[c].get(name, rows.get(c)) for c in CODES],
                [got.get(c, 0) for c in CODES],
            )
        )
    return lines


def rows_free(folder: Path, module: ModuleType) -> list[str]:
    """Return the lines of what is printed and left to the model."""
    con = duckdb.connect()
    con.execute(f"set file_search_path = '{folder}'")
    con.execute(module.PRELUDE.format(year=2024))
    lines = []
    for name, (programme, printed) in MONEY.items():
        sql = PAID.format(programme=programme)
        got = dict(con.execute(sql).fetchall())
        lines.append(_row(name, list(printed), [got.get(c, 0) for c in CODES]))
    for name, (motifs, printed) in EXITS.items():
        sql = LEFT.format(motifs=motifs)
        got = dict(con.execute(sql).fetchall())
        lines.append(_row(name, list(printed), [got[c] for c in CODES]))
    return lines


def rows_2019(folder: Path, module: ModuleType) -> list[str]:
    """Return the lines of the table of 2019."""
    margins = read_margins("hdf_2019")
    wanted = margins.targets("region") | {k: v["region"] for k, v in margins.people.items()}
    wanted["parrainage"] = margins.parrainage.all
    names = {"emploi": "emplois", "emploi_durable": "emplois_durables", "alternance": "alternances",
             "formation": "formations", "retour_scolarite": "retours_scolarite",
             "service_civique": "services_civiques", "pmsmp": "immersions"}  # fmt: skip
    lines = []
    for name, got in module.counts(folder, module.COUNTS_2019, 2019).items():
        printed = wanted[names.get(name, name)]
        verdict = "equal" if printed == got["region"] else "differs"
        lines.append(f"| {name} | {_number(printed)} | {_number(got['region'])} | {verdict} |")
    return lines


def picture(path: Path) -> None:
    """Draw the true rates of work of CEJ entrants, with and without CEJ, in the demonstration."""
    curves = make_world(read_world("demo")).truth["curves"].to_pandas()
    curves = curves[
        (curves.programme == "CEJ") & (curves.outcome == "emploi") & (curves.subgroup == "all")
    ]
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    labels = {
        "treated": "entered",
        "not_then": "had they not entered that month",
        "never": "had they never entered",
    }
    for (arm, label), style in zip(labels.items(), ("-", "--", ":"), strict=True):
        one = curves[curves.arm == arm]
        axes.plot(one.month, 100 * one.rate, style, label=label, color="#1f4e79")
    axes.axvline(0, color="0.6", linewidth=0.8)
    axes.set(xlabel="months since entry into CEJ", ylabel="% at work", ylim=(0, 50))
    axes.set_title(
        "World demo: true rates of work of CEJ entrants of 2024 (données synthétiques)", fontsize=9
    )
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Software": None}, dpi=110)


HEAD = """# Published figures and the synthetic worlds

Generated by `python -m tools.synthetic_page`; données synthétiques. Each cell of the first
table reads *published / world*. The tests `tests/truth/test_synthetic_margins.py` hold the
equalities.
"""


def main() -> None:
    """Make both worlds, count, write the page and the picture."""
    module = _published_counts()
    with tempfile.TemporaryDirectory() as at:
        produce(Path(at) / "a", world="hdf_2024")
        produce(Path(at) / "b", world="hdf_2019")
        table, free = rows_2024(Path(at) / "a", module), rows_free(Path(at) / "a", module)
        older = rows_2019(Path(at) / "b", module)
    head = (
        "| Count | Nord | Pas-de-Calais | Aisne | Oise | Somme | |\n|---|---|---|---|---|---|---|"
    )
    text = [
        HEAD,
        "## Hauts-de-France 2024 (AREFIE activity report 2024): met by construction\n",
        "A share is met as the whole number of youths nearest to it; two misprints are corrected",
        "(PACEA of the Somme, 1 879 and not 18 799; regional QPV share, 22,1 % and not 2,1 %).\n",
        head, *table, "",
        "## Hauts-de-France 2024: printed and left to the model\n",
        "Amounts follow the legal ceilings and who works in the month, exit reasons follow the",
        "simulated situations: neither is forced to the printed figure, and neither may be read",
        "as an estimate of it.\n",
        head, *free, "",
        "## Hauts-de-France 2019 (AREFIE page): met by construction\n",
        "| Count | Published | World | |\n|---|---|---|---|", *older, "",
    ]  # fmt: skip
    (ROOT / "docs/reference/synthetic-figures.md").write_text("\n".join(text), encoding="utf-8")
    picture(ROOT / "docs/images/synthetic-cej.png")


if __name__ == "__main__":
    main()
