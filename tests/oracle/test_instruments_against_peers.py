"""Two-stage least squares against linearmodels, on the table of iv_table.py.

Expected numbers: rollout_peers.json, written by rollout_peers.py (versions inside).
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from evalml.methods.instruments import IvData, iv_effect, two_stage_least_squares

HERE = Path(__file__).parent
PEERS = json.loads((HERE / "rollout_peers.json").read_text())["instruments"]


def table():
    spec = importlib.util.spec_from_file_location("iv_table", HERE / "iv_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.iv_table()


@pytest.mark.parametrize(("name", "columns"), [("one", ["z1"]), ("two", ["z1", "z2"])])
def test_two_stage_least_squares(name: str, columns: list[str]) -> None:
    t = table()
    parts = (t.y.to_numpy(), t.d.to_numpy(), t[columns].to_numpy(), t[["x"]].to_numpy())
    effect = iv_effect(IvData(*parts), "y")
    assert effect.estimate == pytest.approx(PEERS[name]["late"], rel=1e-9)
    assert effect.std_error == pytest.approx(PEERS[name]["robust"], rel=1e-9)
    clustered = iv_effect(IvData(*parts, cluster=t.area.to_numpy()), "y")
    # linearmodels applies no small-sample factor; ours is G / (G - 1) with 20 clusters
    peer = PEERS[name]["clustered_without_factor"] * np.sqrt(20 / 19)
    assert clustered.std_error == pytest.approx(peer, rel=1e-9)


def test_with_one_instrument_the_effective_f_is_the_robust_wald_statistic() -> None:
    t = table()
    data = IvData(t.y.to_numpy(), t.d.to_numpy(), t[["z1"]].to_numpy(), t[["x"]].to_numpy())
    fit = two_stage_least_squares(data)
    assert fit.first_stage_f == pytest.approx(PEERS["one"]["first_stage_wald"], rel=1e-6)
    bounds = iv_effect(data, "y").details["anderson_rubin"]
    assert bounds[0] < fit.late < bounds[1]
