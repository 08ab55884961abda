"""Results do not depend on how many threads the libraries of matrix products may start."""

from __future__ import annotations

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from evalml.comparison.balance import adjust
from evalml.comparison.build import MeasureSpec, build_comparison
from evalml.comparison.comparison import Comparison
from evalml.effect.sample import EstimationSettings
from evalml.effect.study_effects import group_effects
from evalml.methods.effect import Effect

N = 40_000


def two_arms() -> Comparison:
    rng = np.random.Generator(np.random.PCG64(3))
    frame = pd.DataFrame(
        {
            "age": rng.normal(20, 3, N),
            "mois": rng.poisson(4, N).astype(float),
            "sexe": rng.choice(["F", "H"], N),
            "diplome": rng.choice(list("abcdef"), N),
            "structure": rng.choice([f"s{i:02d}" for i in range(40)], N),
            "personne": np.arange(N).astype(str),
        }
    )
    frame["entre"] = (rng.random(N) < 1 / (1 + np.exp(1.5 - 0.1 * frame["mois"]))).astype(int)
    frame["emploi"] = (rng.random(N) < 0.3 + 0.02 * frame["entre"]).astype(float)
    return build_comparison(
        frame,
        treatment="entre",
        measures=[MeasureSpec("emploi")],
        covariates=["age", "mois", "sexe", "diplome", "structure"],
        cluster="structure",
        person="personne",
        subgroups=["sexe"],
    )


def told(effects: list[Effect]) -> list[tuple[float, float]]:
    return [(e.estimate, e.std_error) for e in effects]


def test_the_same_bits_whatever_the_number_of_threads() -> None:
    comparison = two_arms()
    settings = EstimationSettings("att", None, 5, 1, 0.95, None)
    found = []
    for threads in (1, 2, 8):
        with threadpool_limits(limits=threads, user_api="blas"):
            found.append(
                (adjust(comparison).weights.tobytes(), told(group_effects(comparison, settings)))
            )
    assert found[0] == found[1] == found[2]
