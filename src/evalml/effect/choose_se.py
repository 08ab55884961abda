"""Which standard error an estimate gets, and the interval that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.effect.variance import cluster_se, distinct, infer, influence_se
from evalml.errors import EstimationError, nearest

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Vector
    from evalml.effect.estimates import Estimate
    from evalml.effect.sample import Sample
    from evalml.effect.settings import Settings
    from evalml.effect.variance import Inference

FEW_CLUSTERS = 10
FEW_TREATED_CLUSTERS = 5


def choose_inference(
    estimate: Estimate, method: str, sample: Sample, settings: Settings
) -> tuple[Inference, str]:
    """Return the inference and the name of the standard error used.

    Without a wish: by cluster if there are clusters, by person if a person has several rows,
    and otherwise the method's own.

    Raises:
        EstimationError: The method has no such standard error, or there is one cluster.
    """
    wish = settings.se
    if wish is None and (sample.cluster is not None or sample.repeated):
        wish = "cluster" if estimate.psi is not None else None
    kind = wish or estimate.default
    n = sample.treated.size
    if kind == "cluster":
        return _clustered(
            _influence(estimate, method, kind), estimate, sample, settings.level
        ), kind
    if kind == "influence":
        error = influence_se(_influence(estimate, method, kind))
        return infer(estimate.value, error, settings.level), kind
    if kind not in estimate.std_errors:
        raise EstimationError(_unknown(estimate, method, kind))
    student = kind == "classical" or kind.startswith("hc")
    df = n - estimate.parameters if student and n > estimate.parameters else None
    return infer(estimate.value, estimate.std_errors[kind], settings.level, df), kind


def cluster_warnings(sample: Sample, kind: str) -> list[str]:
    """Say when there are too few clusters for their variance to be known."""
    if kind != "cluster" or sample.cluster is None:
        return []
    every, treated = distinct(sample.cluster), distinct(sample.cluster[sample.treated])
    if every < FEW_CLUSTERS or treated < FEW_TREATED_CLUSTERS:
        found = f"{every}, of which {treated} hold treated persons"
        return [f"few clusters: {found}; the interval is probably too short"]
    return []


def _clustered(psi: Vector, estimate: Estimate, sample: Sample, level: float) -> Inference:
    """Sum by cluster; a regression gets (n - 1) / (n - k) besides, as in Stata and R (CR1)."""
    codes = _clusters(sample, estimate)
    if estimate.sets is not None:
        used = estimate.sets >= 0
        psi, codes = psi[used] * (used.sum() / psi.size), codes[used]
    error, clusters = cluster_se(psi, codes)
    n, k = psi.size, estimate.parameters
    if k and n > k:
        error *= ((n - 1) / (n - k)) ** 0.5
    return infer(estimate.value, error, level, clusters - 1, clusters)


def _clusters(sample: Sample, estimate: Estimate) -> IntVector:
    if sample.cluster is not None:
        return sample.cluster
    if estimate.default == "cluster" and estimate.sets is not None:
        return estimate.sets
    if sample.repeated:
        return sample.person.astype("int64")
    message = "a clustered standard error needs a cluster column; name it, or choose another one"
    raise EstimationError(message)


def _influence(estimate: Estimate, method: str, kind: str) -> Vector:
    if estimate.psi is None:
        raise EstimationError(_unknown(estimate, method, kind))
    return estimate.psi


def _unknown(estimate: Estimate, method: str, kind: str) -> str:
    valid = [*estimate.std_errors, *(["influence", "cluster"] if estimate.psi is not None else [])]
    return f"method {method} has no standard error '{kind}'; {nearest(kind, valid)}"
