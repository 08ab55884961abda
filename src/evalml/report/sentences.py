"""The findings of a run in words: the tables of checks and of effects, in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalml.values import Message, Name, read_messages, read_values
from evalml.words import check_sentence, name_label, question, question_again, render, render_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from evalml.report.results import Frames


def finding_of(check: Any) -> Message:
    """Return what a row of `checks` found; one without values says the sentence it holds."""
    if not check.finding:
        return Message("said.text", {"text": Name("text", str(check.sentence))})
    return Message(f"{check.check}.{check.finding}", read_values(str(check.values)))


def checks_in_words(
    checks: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return the checks with their questions and sentences in `lang`.

    Args:
        checks: Table of checks; a row without a finding keeps its words.
        lang: `fr` or `en`.
        labels: Labels of the study.
    """
    found = [check_words(row, lang, labels) for row in checks.itertuples()]
    return checks.assign(
        question=[question for question, _ in found], sentence=[sentence for _, sentence in found]
    )


def check_words(check: Any, lang: str, labels: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return the question and the sentence of a row of `checks` in `lang`."""
    if not check.finding:
        worded = question_again(str(check.check), str(check.question), lang)
        return worded, str(check.sentence)
    name, finding = str(check.check), str(check.finding)
    values = read_values(str(check.values))
    return question(name, finding, lang), check_sentence(name, finding, values, lang, labels)


def reasons_in_words(
    effects: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return effects with the reason of each masked one in `lang`, from its causes.

    Args:
        effects: Table of effects, with `causes`; a row without causes keeps its reason.
        lang: `fr` or `en`.
        labels: Labels of the study.
    """
    reasons = [
        render_all(read_messages(str(causes)), lang, labels) if causes else str(reason)
        for causes, reason in zip(effects["causes"], _column(effects, "reason"), strict=True)
    ]
    return effects.assign(reason=reasons)


def tables_in_words(
    frames: Mapping[str, pd.DataFrame], lang: str, labels: Mapping[str, str] | None = None
) -> Frames:
    """Return the tables of a run with every word that a reader sees in `lang`.

    Args:
        frames: Tables by name; a row without keys keeps the words it has.
        lang: `fr` or `en`.
        labels: Labels of the study in that language.
    """
    worded = dict(frames)
    for name, write in WRITERS.items():
        frame = worded.get(name)
        if frame is not None and len(frame):
            worded[name] = write(frame, lang, labels)
    return worded


def steps_in_words(
    flow: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return the rules of a cohort in `lang`; those that were joined one after the other."""
    between = " ; " if lang == "fr" else "; "
    found = _rendered(flow, lang, labels)
    pairs = zip(found, _column(flow, "label"), strict=True)
    return flow.assign(label=[between.join(texts) or str(label) for texts, label in pairs])


def protocol_in_words(
    protocol: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return the protocol in `lang`: the name of each item and what the study chose."""
    found = _rendered(protocol, lang, labels)
    known = list(zip(protocol["label"], protocol["text"], strict=True))
    both = [tuple(texts) if texts else pair for texts, pair in zip(found, known, strict=True)]
    return protocol.assign(label=[label for label, _ in both], text=[text for _, text in both])


def measures_in_words(
    observation: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return what was observed of each arm with its label in `lang`."""
    found = _rendered(observation, lang, labels)
    pairs = zip(found, observation["label"], strict=True)
    return observation.assign(label=[texts[0] if texts else label for texts, label in pairs])


def costs_in_words(
    costs: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return the costs with their labels and their remarks in `lang`."""
    found = _rendered(costs, lang, labels)
    pairs = zip(found, costs["remark"], strict=True)
    return costs.assign(
        label=[name_label(Name("costs", str(measure)), lang) for measure in costs["measure"]],
        remark=[" ".join(texts) or str(remark) for texts, remark in pairs],
    )


def balance_in_words(
    balance: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return the balance with the label of each covariate in `lang`, as far as it is known."""
    keys = [str(key) for key in balance["covariate"]]
    found = [name_label(Name("covariate", key), lang, labels) for key in keys]
    known = [str(label) or key for label, key in zip(_column(balance, "label"), keys, strict=True)]
    rows = zip(found, keys, known, strict=True)
    return balance.assign(label=[own if name == key else name for name, key, own in rows])


def titles_in_words(
    secondary: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return secondary analyses with their titles, and the reasons of the masked, in `lang`."""
    given = labels or {}
    pairs = zip(secondary["analysis"], secondary["title"], strict=True)
    titled = secondary.assign(title=[given.get(str(name)) or str(title) for name, title in pairs])
    return reasons_in_words(titled, lang, labels)


def printed_in_words(
    published: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return the effects in print, and the study's beside them, in `lang`."""
    found = _rendered(published, lang, labels)
    ours = zip(found, published["ours"], strict=True)
    written = published.assign(ours=[texts[0] if texts else text for texts, text in ours])
    english = [name for name in PRINTED if lang == "en" and f"{name}_en" in published]
    return written.assign(**{name: published[f"{name}_en"] for name in english})


PRINTED = ("source", "measured", "published", "alike", "differs", "read_in")
"""Words of an effect in print that the package holds in both languages."""


def _rendered(
    frame: pd.DataFrame, lang: str, labels: Mapping[str, str] | None
) -> Sequence[list[str]]:
    """Return the messages of each row in `lang`; none where a row has none."""
    texts = _column(frame, "words")
    return [[render(one, lang, labels) for one in read_messages(str(text))] for text in texts]


def _column(frame: pd.DataFrame, name: str) -> Sequence[Any]:
    """Return a column, or empty words where a table has none."""
    return list(frame[name].fillna("")) if name in frame else [""] * len(frame)


WRITERS = {
    "checks": checks_in_words,
    "effects": reasons_in_words,
    "secondary": titles_in_words,
    "flow": steps_in_words,
    "protocol": protocol_in_words,
    "observation": measures_in_words,
    "costs": costs_in_words,
    "balance": balance_in_words,
    "published": printed_in_words,
}
"""What writes the words of each table again, in one language."""


def meta_in_words(meta: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return what a study says of itself with its title, period and territory in `lang`."""
    own = str(meta.get("language") or "fr")
    worded = dict(meta)
    for key, text in (meta.get("words") or {}).items():
        worded[key] = render_all(read_messages(str(text)), lang)
    bench = dict(meta.get("benchmark") or {})
    if bench.get("words"):
        label = render_all(read_messages(str(bench["words"])), lang)
        worded["benchmark"] = {**bench, "label": label}
    if lang == "en" and own != lang:
        worded["title"] = meta.get("title_en") or meta.get("title", "")
        worded["labels"] = labels_of_study(meta, lang)
    return worded


def labels_of_study(meta: Mapping[str, Any], lang: str) -> dict[str, str]:
    """Return the labels that a study brings, those in English over the others for `en`."""
    own = dict(meta.get("labels") or {})
    return own | dict(meta.get("labels_en") or {}) if lang == "en" else own
