"""The thresholds of the checks, as data: one flat list."""

from __future__ import annotations

from pydantic import Field

from evalml.reading.yaml_text import StrictModelByName


class Thresholds(StrictModelByName):
    """Flat list of thresholds; the data owner may be stricter.

    Attributes:
        smd: Largest absolute standardised mean difference after adjustment.
        overlap: Largest share of treated persons without comparable persons.
        score_extreme: A propensity score beyond it is near-perfect prediction.
        effective_sample_size: Fewest persons the weighted comparison arm must be worth (Kish).
        clipped: Largest share of weights that were clipped.
        weight_share: Largest share of the total weight one person may carry.
        trimmed: Largest share of treated persons dropped by trimming or matching.
        observation_gap: Largest difference between the arms in the share of outcomes known.
        observation_level: Smallest share of each arm whose outcome must be known, among those whom
            the source could know.
        weighted_level: The same where those known are weighted (`missing: ipcw`).
        past_gap: Largest gap between the arms in a month before time zero, once weighted.
        bias_times: How many times the gap that it makes in past employment a hidden factor may bias
            an effect, where the controls cannot exclude one.
        gate_alpha: Level of the tests that mask: of the past, of the linked persons against the
            others, of the negative controls together. It is the chance to mask where all is right.
        minimum_count: Smallest count of persons that a sentence may tell.
        alpha: Level of every test.
        power: Power of the minimum detectable effect and of the pre-trend test.
        leave_one_out: Largest change of the estimate when one mission locale is left out, as a
            share of the estimate.
        missing_bounds: Largest width of the worst-case bounds (on a proportion) that still counts
            as informative.
        e_value: E-value of the interval's limit below which an effect is called fragile.
        rosenbaum_gamma: Gamma of matched pairs below which an effect is called fragile.
        robustness_value: Robustness value below which an effect is called fragile.
        oster_delta: Delta below which an effect is called fragile.
        honest_m: Relative magnitude that the effect must survive not to be called fragile.
        negative_controls: Fewest negative controls for an empirical calibration.
        positive_effect: Size of the effect injected as a positive control (a proportion, or
            standard deviations of the outcome).
        draws: Draws of a bootstrap or a permutation.
        refits: Most refits that one check may ask for.
        areas: Fewest areas on each side of a roll-out for errors clustered by area.
        contamination: Largest share of the areas not open yet that may have entered nevertheless.
    """

    smd: float = Field(0.1, gt=0)
    overlap: float = Field(0.05, ge=0, le=1)
    score_extreme: float = Field(0.95, gt=0.5, lt=1)
    effective_sample_size: float = Field(100, ge=0)
    clipped: float = Field(0.02, ge=0, le=1)
    weight_share: float = Field(0.1, gt=0, le=1)
    trimmed: float = Field(0.1, ge=0, le=1)
    observation_gap: float = Field(0.05, ge=0, le=1)
    observation_level: float = Field(0.8, ge=0, le=1)
    weighted_level: float = Field(0.5, ge=0, le=1)
    past_gap: float = Field(0.06, gt=0, le=1)
    bias_times: float = Field(2, ge=0, le=10)
    gate_alpha: float = Field(0.02, gt=0, lt=0.5)
    minimum_count: int = Field(11, ge=3)
    alpha: float = Field(0.05, gt=0, lt=0.5)
    power: float = Field(0.8, gt=0, lt=1)
    leave_one_out: float = Field(0.5, gt=0)
    missing_bounds: float = Field(0.2, gt=0)
    e_value: float = Field(1.5, ge=1)
    rosenbaum_gamma: float = Field(1.5, ge=1)
    robustness_value: float = Field(0.1, ge=0, le=1)
    oster_delta: float = Field(1, ge=0)
    honest_m: float = Field(1, ge=0)
    negative_controls: int = Field(5, ge=3)
    positive_effect: float = Field(0.05, gt=0)
    draws: int = Field(999, ge=99, le=100_000)
    refits: int = Field(60, ge=2, le=10_000)
    areas: int = Field(6, ge=2, le=1_000)
    contamination: float = Field(0.05, ge=0, le=1)
