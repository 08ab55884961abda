"""Roll-outs and durations beside their peers, on the same data in one run: seconds and ratios.

python -m benchmarks.rollout [--units 100000] [--peers PYTHON]

PYTHON is the interpreter of an environment that holds the peers (csdid, diff-diff, pyfixest,
lifelines), as in tests/oracle/rollout_peers.py; those it does not hold are left out. Each job is a
process of its own; what is timed starts with the table in memory and ends with the averages.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PANEL = """
import io, contextlib, json, resource, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
table = pd.read_pickle(sys.argv[1])
def report(name, seconds, estimate, se):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print("RESULT" + json.dumps([name, seconds, float(estimate), float(se), peak]))
"""

OURS = """
from evalml.effect.group_time import RolloutOptions
from evalml.effect.panel_columns import PanelColumns
from evalml.effect.panel_table import read_panel
from evalml.effect.rollout import RolloutRequest, panel_averages
columns = PanelColumns("t", "y", "g", "i", {covariates})
start = time.perf_counter()
panel = read_panel(table, columns)
for kind in {kinds}:
    request = RolloutRequest(columns, "{method}", kind, RolloutOptions("not_yet"))
    averages = panel_averages(panel, request)
seconds = time.perf_counter() - start
report("evalml {method}", seconds, averages.estimate[-1], averages.std_error[-1])
"""

# The group-time effects are the work; averaging them again is cheap. One call per kind would count
# them several times, so that ours computes them once and averages them four times.
OURS_CS = """
from evalml.effect.callaway_santanna import callaway_santanna
from evalml.effect.group_time import RolloutOptions
from evalml.effect.panel_columns import PanelColumns
from evalml.effect.panel_table import read_panel
from evalml.effect.rollout_aggregate import aggregate
start = time.perf_counter()
panel = read_panel(table, PanelColumns("t", "y", "g", "i", {covariates}))
effects = callaway_santanna(panel, RolloutOptions("not_yet"))
averages = [aggregate(effects, kind) for kind in ("group", "calendar", "dynamic", "simple")][-1]
report("evalml", time.perf_counter() - start, averages.estimate[-1], averages.std_error[-1])
"""

CSDID = """
from csdid.att_gt import ATTgt
start = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    fit = ATTgt(yname="y", gname="g", idname="i", tname="t", xformla="y~{formula}", data=table,
                control_group="notyettreated").fit(est_method="dr", bstrap=False)
    for kind in ("group", "calendar", "dynamic", "simple"):
        fit.aggte(kind, bstrap=False, cband=False)
import numpy as np
report("csdid", time.perf_counter() - start, np.ravel(fit.atte["overall_att"])[0],
       np.ravel(fit.atte["overall_se"])[0])
"""

DIFF_DIFF = """
from diff_diff import CallawaySantAnna
start = time.perf_counter()
fit = CallawaySantAnna(control_group="not_yet_treated", estimation_method="dr").fit(
    table, outcome="y", unit="i", time="t", first_treat="g", aggregate="all"{covariates})
report("diff-diff", time.perf_counter() - start, fit.overall_att, fit.overall_se)
"""

IMPUTATION_PEER = """
from diff_diff import ImputationDiD
start = time.perf_counter()
fit = ImputationDiD().fit(table, outcome="y", unit="i", time="t", first_treat="g",
                          aggregate="event_study")
report("diff-diff imputation", time.perf_counter() - start, fit.overall_att, fit.overall_se)
"""

TWFE_PEER = """
import pyfixest as pf
table["d"] = ((table.g > 0) & (table.t >= table.g)).astype(float)
pf.feols("y ~ d | i + t", table.iloc[:2000], vcov={"CRV1": "i"})
start = time.perf_counter()
fit = pf.feols("y ~ d | i + t", table, vcov={"CRV1": "i"})
report("pyfixest (compiled before)", time.perf_counter() - start, fit.coef()["d"], fit.se()["d"])
"""

COX = """
import numpy as np
rng = np.random.default_rng(5)
n = 500_000
X = rng.normal(size=(n, 5))
entry = rng.integers(0, 12, n).astype(float)
time_ = entry + 1 + np.floor(rng.exponential(20 * np.exp(-0.3 * X[:, 0])))
end = np.minimum(time_, 60.0)
event = (time_ <= 60).astype(int)
keep = end > entry
X, entry, end, event = X[keep], entry[keep], end[keep], event[keep]
"""

OURS_COX = (
    COX
    + """
from evalml.effect.cox import cox
from evalml.effect.durations import Durations
start = time.perf_counter()
fit = cox(Durations(entry, end, event), X)
report("evalml cox", time.perf_counter() - start, fit.beta[0], fit.std_error[0])
"""
)

STATSMODELS_COX = (
    COX
    + """
import statsmodels.api as sm
start = time.perf_counter()
fit = sm.PHReg(end, X, status=event, entry=entry, ties="efron").fit()
report("statsmodels PHReg", time.perf_counter() - start, fit.params[0], fit.bse[0])
"""
)

LIFELINES_COX = (
    COX
    + """
from lifelines import CoxPHFitter
frame = pd.DataFrame(X, columns=list("abcde")).assign(entry=entry, end=end, event=event)
start = time.perf_counter()
fit = CoxPHFitter().fit(frame, "end", "event", entry_col="entry")
report("lifelines", time.perf_counter() - start, fit.params_["a"], fit.standard_errors_["a"])
"""
)


def write_panel(path: Path, units: int) -> None:
    """Write a panel of 20 periods, seven groups and never, effects that grow, one covariate."""
    import numpy as np
    import pandas as pd

    rng, T = np.random.default_rng(0), 20
    g = rng.choice([0, 5, 7, 9, 11, 13, 15, 17], units)
    x = np.repeat(rng.normal(size=units), T)
    t, first = np.tile(np.arange(1, T + 1), units), np.repeat(g, T)
    y = np.repeat(rng.normal(size=units), T) + 0.1 * t + 0.05 * x * t
    y += np.where((first > 0) & (t >= first), 1 + 0.1 * (t - first), 0) + rng.normal(size=units * T)
    frame = {"i": np.repeat(np.arange(units), T), "t": t, "y": y, "g": first, "x": x}
    pd.DataFrame(frame).to_pickle(path)


def run(python: str, code: str, data: Path) -> list | None:
    """Run one job in a process of its own; None when the peer is not there."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, "-c", PANEL + code, str(data)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=900,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    if not lines:
        print("   left out:", (done.stderr.strip().splitlines() or ["no output"])[-1][:100])
        return None
    return json.loads(lines[-1].removeprefix("RESULT"))


def compare(title: str, jobs: list[tuple[str, str]], data: Path) -> None:
    """Run ours (first) and the peers, and print seconds, ratio, estimate and peak memory."""
    print(f"\n{title}")
    results = [r for r in (run(python, code, data) for python, code in jobs) if r]
    for name, seconds, estimate, se, peak in results:
        ratio = seconds / results[0][1]
        answer = f"{estimate:.6f} ({se:.6f})"
        print(f"  {name:28s} {seconds:7.2f} s  x{ratio:5.1f}  {answer}  {peak:.1f} GB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--peers", default=sys.executable)
    options = parser.parse_args()
    us, peers = sys.executable, options.peers
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "panel.pkl"
        write_panel(data, options.units)
        size = f"{options.units:,} units x 20 periods"
        for covariates, formula, peer in (
            ("()", "1", ""),
            ("('x',)", "x", ", covariates=['x']"),
        ):
            compare(
                f"Callaway-Sant'Anna, {size}, covariates {covariates}",
                [
                    (us, OURS_CS.format(covariates=covariates)),
                    (peers, DIFF_DIFF.format(covariates=peer)),
                    (peers, CSDID.format(formula=formula)),
                ],
                data,
            )
        sun = OURS.format(covariates="()", kinds="('dynamic',)", method="sun_abraham")
        compare(f"Sun-Abraham, {size}", [(us, sun)], data)
        imputed = OURS.format(covariates="()", kinds="('simple',)", method="imputation")
        compare(f"Imputation, {size}", [(us, imputed), (peers, IMPUTATION_PEER)], data)
        fixed = OURS.format(covariates="()", kinds="('simple',)", method="twfe")
        compare(f"Two-way fixed effects, {size}", [(us, fixed), (peers, TWFE_PEER)], data)
        compare(
            "Cox with late entry, 500,000 persons x 5 covariates, 60 months",
            [
                (us, OURS_COX),
                (us, STATSMODELS_COX),
                (peers, LIFELINES_COX),
            ],
            data,
        )


if __name__ == "__main__":
    main()
