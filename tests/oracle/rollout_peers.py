"""Write rollout_peers.json: what other packages answer on mpdta and on panels made from it.

Run in an environment of its own, never in the project's:
    uv venv peers && uv pip install -p peers csdid==0.4.3 pyfixest==0.40.1 \
        diff-diff==3.13.0 linearmodels
    peers/bin/python tests/oracle/rollout_peers.py
"""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
AGGREGATIONS = ("simple", "group", "dynamic", "calendar")


def mpdta() -> pd.DataFrame:
    """The county data with a moving covariate, an area and a weight made without chance."""
    table = pd.read_csv(HERE / "data" / "mpdta.csv")
    table["z"] = np.sin(table.countyreal * 0.37 + table.year * 1.7)
    table["area"] = table.countyreal % 37
    table["w"] = 1 + table.countyreal % 5
    started = (table.first_treated > 0) & (table.year >= table.first_treated)
    table["treated_now"] = started.astype(float)
    table["row"] = range(len(table))
    return table


def designs() -> list[dict]:
    """The designs of Callaway and Sant'Anna that are compared."""
    plain = {
        "covariates": "1",
        "control": "nevertreated",
        "est_method": "dr",
        "panel": True,
        "base": "varying",
        "anticipation": 0,
        "weights": False,
        "never": True,
    }
    crossed = [
        plain
        | {"covariates": x, "control": control, "est_method": how, "panel": panel, "base": base}
        for x in ("1", "lpop")
        for control in ("nevertreated", "notyettreated")
        for how in (("dr", "reg", "ipw") if x == "lpop" else ("dr",))
        for panel in (True, False)
        for base in ("varying", "universal")
    ]
    return [
        *crossed,
        plain | {"anticipation": 1},
        plain | {"anticipation": 1, "control": "notyettreated"},
        plain | {"anticipation": 1, "base": "universal"},
        plain | {"weights": True},
        plain | {"weights": True, "covariates": "lpop", "panel": False},
        plain | {"never": False, "control": "notyettreated"},
        plain | {"never": False, "control": "notyettreated", "covariates": "lpop"},
    ]


def callaway_santanna(table: pd.DataFrame) -> list[dict]:
    """csdid, analytic standard errors."""
    from csdid.att_gt import ATTgt

    out = []
    for case in designs():
        rows = table if case["never"] else table[table.first_treated > 0]
        more = {"weights_name": "w"} if case["weights"] else {}
        with contextlib.redirect_stdout(io.StringIO()):
            fit = ATTgt(
                yname="lemp",
                gname="first_treated",
                idname="countyreal" if case["panel"] else "row",
                tname="year",
                xformla="lemp~" + case["covariates"],
                data=rows.copy(),
                control_group=case["control"],
                panel=case["panel"],
                anticipation=case["anticipation"],
                **more,
            ).fit(est_method=case["est_method"], bstrap=False, base_period=case["base"])
            case |= {
                "group": np.asarray(fit.results["group"]).tolist(),
                "time": np.asarray(fit.results["year"]).tolist(),
                "att": np.asarray(fit.results["att"], dtype=float).tolist(),
                "se": np.asarray(fit.results["se"], dtype=float).tolist(),
            }
            for kind in AGGREGATIONS:
                fit.aggte(kind, bstrap=False, cband=False)
                keys = ("att_egt", "overall_att", "overall_se")
                case["by_" + kind] = {
                    k: np.ravel(np.asarray(fit.atte[k], dtype=float)).tolist()
                    for k in keys
                    if fit.atte.get(k) is not None
                }
        out.append(case)
    return out


def regressions(table: pd.DataFrame) -> dict:
    """pyfixest 0.40.1: static and dynamic two-way fixed effects, and the saturated event study."""
    import pyfixest as pf

    table = table.copy()
    table["e"] = np.where(table.first_treated > 0, table.year - table.first_treated, -1)
    out = {}
    for name, extra, cluster, weights in (
        ("plain", "", "countyreal", None),
        ("covariate", " + z", "countyreal", None),
        ("area", "", "area", None),
        ("weighted", "", "countyreal", "w"),
    ):
        vcov = {"CRV1": cluster}
        static = pf.feols(
            f"lemp ~ treated_now{extra} | countyreal + year", table, vcov=vcov, weights=weights
        )
        events = pf.feols(
            f"lemp ~ i(e, ref=-1){extra} | countyreal + year", table, vcov=vcov, weights=weights
        )
        out[name] = {
            "static": [float(static.coef().iloc[0]), float(static.se().iloc[0])],
            "events": [events.coef().iloc[:7].tolist(), events.se().iloc[:7].tolist()],
        }
    gaps = table[(table.countyreal * 7 + table.year) % 11 != 0]
    static = pf.feols(
        "lemp ~ treated_now + z | countyreal + year", gaps, vcov={"CRV1": "countyreal"}
    )
    out["unbalanced"] = {"static": [float(static.coef().iloc[0]), float(static.se().iloc[0])]}
    for cluster in ("countyreal", "area"):
        fit = pf.event_study(
            table.rename(columns={"first_treated": "g"}),
            yname="lemp",
            idname="countyreal",
            tname="year",
            gname="g",
            estimator="saturated",
            cluster=cluster,
        )
        average = fit.aggregate()
        out[f"saturated_{cluster}"] = {
            "event_time": [float(k) for k in average.index],
            "estimate": average["Estimate"].astype(float).tolist(),
            "se": average["Std. Error"].astype(float).tolist(),
        }
    return out


def imputed(table: pd.DataFrame) -> dict:
    """diff-diff: the imputation estimator, whose variance carries the factor G/(G-1)."""
    from diff_diff import ImputationDiD

    fit = ImputationDiD().fit(
        table,
        outcome="lemp",
        unit="countyreal",
        time="year",
        first_treat="first_treated",
        aggregate="event_study",
    )
    events = {
        str(k): [float(v["effect"]), float(v["se"])]
        for k, v in fit.event_study_effects.items()
        if k >= 0
    }
    return {"overall": [float(fit.overall_att), float(fit.overall_se)], "events": events}


def two_periods(table: pd.DataFrame) -> dict:
    """drdid, which csdid rests on: the estimators of Sant'Anna and Zhao on 2003 and 2004, group 2004 or never."""
    import drdid._estimators as md

    pair = table[table.year.isin([2003, 2004]) & table.first_treated.isin([0, 2004])]
    pair = pair.sort_values(["year", "countyreal"])
    before, after = pair[pair.year == 2003], pair[pair.year == 2004]
    X = np.column_stack([np.ones(len(before)), before.lpop, before.z])
    D = (before.first_treated == 2004).to_numpy(dtype=float)
    panel = (after.lemp.to_numpy(), before.lemp.to_numpy(), D, X)
    X = np.column_stack([np.ones(len(pair)), pair.lpop, pair.z])
    D = (pair.first_treated == 2004).to_numpy(dtype=float)
    sections = (pair.lemp.to_numpy(), (pair.year == 2004).to_numpy(dtype=float), D, X)
    fits = {
        "dr_panel": md.drdid_panel(*panel),
        "reg_panel": md.reg_did_panel(*panel),
        "ipw_panel": md.std_ipw_did_panel(*panel),
        "dr_sections": md.drdid_rc(*sections),
        "reg_sections": md.reg_did_rc(*sections),
        "ipw_sections": md.std_ipw_did_rc(*sections),
    }
    out = {}
    for name, (att, influence) in fits.items():
        psi = np.ravel(influence)
        out[name] = [float(att), float(np.sqrt(psi @ psi) / psi.size)]
    return out


def instruments() -> dict:
    """linearmodels: 2SLS on the made data of `iv_table`, robust and clustered."""
    from iv_table import iv_table
    from linearmodels.iv import IV2SLS

    t = iv_table()
    out = {}
    for name, columns in (("one", ["z1"]), ("two", ["z1", "z2"])):
        model = IV2SLS(t.y, t[["x"]].assign(const=1.0), t.d, t[columns])
        robust, cluster = (
            model.fit(cov_type="robust"),
            model.fit(cov_type="clustered", clusters=t.area),
        )
        out[name] = {
            "late": float(robust.params["d"]),
            "robust": float(robust.std_errors["d"]),
            "clustered_without_factor": float(cluster.std_errors["d"]),
        }
        strength = robust.first_stage.diagnostics
        out[name]["first_stage_wald"] = float(strength["f.stat"].iloc[0])
    return out


def main() -> None:
    table = mpdta()
    values = {
        "versions": {
            p: version(p) for p in ("csdid", "pyfixest", "drdid", "diff-diff", "linearmodels")
        },
        "callaway_santanna": callaway_santanna(table),
        "regressions": regressions(table),
        "imputation": imputed(table),
        "two_periods": two_periods(table),
        "instruments": instruments(),
    }
    (HERE / "rollout_peers.json").write_text(json.dumps(values).replace("NaN", "null") + "\n")


if __name__ == "__main__":
    main()
