"""Numbers as people read them: percentages with one digit, fractions with three."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eval.metrics.catalogue import CATALOGUE
from eval.metrics.definition import Definition
from eval.report.model import Cell, Number
from eval.results import Figure

PERCENTILES = (50, 90, 95, 99)
_BY_NAME = {definition.name: definition for definition in CATALOGUE}
_SHOWN = {"em": "EM", "f1": "F1", "mrr": "MRR", "map": "MAP", "ece": "ECE", "aurc": "AURC"}
_SHOWN |= {"ndcg": "nDCG", "brier": "Brier", "bleu": "BLEU", "best_em": "best EM"}
_SHOWN |= {"best_f1": "best F1"}


def definition(metric: str) -> Definition | None:
    """What the catalogue says about a metric, with or without its cut-off."""
    return _BY_NAME.get(metric) or _BY_NAME.get(metric.partition("@")[0])


def shown(metric: str) -> str:
    """A metric's name as the literature prints it."""
    family, at, cut = metric.partition("@")
    return f"{_SHOWN.get(family, family)}{at}{cut}"


def digits(metric: str) -> int:
    """Digits after the point that a metric's figures are printed with."""
    known = definition(metric)
    return 1 if known is not None and known.unit == "percent" else 3


def number(figure: Figure | None) -> Cell:
    """A figure as a cell; None without one."""
    if figure is None:
        return None
    return Number(figure.value, digits(figure.metric), figure.interval)


def printed(value: float, places: int) -> str:
    """A number with so many digits, thousands apart, never minus zero."""
    text = f"{value:,.{places}f}"
    return text.removeprefix("-") if text.strip("-0.,") == "" else text


def in_words(cell: Number) -> str:
    """A number and its interval in running text, such as ``48.9 (45.9–52.0)``."""
    text = printed(cell.value, cell.digits)
    return text if cell.interval is None else f"{text} ({between(cell)})"


def between(cell: Number) -> str:
    """The interval of a number that has one, as ``45.9–52.0``."""
    assert cell.interval is not None
    return "–".join(printed(bound, cell.digits) for bound in cell.interval)


def percentiles(values: Sequence[float]) -> list[float]:
    """The percentiles of :data:`PERCENTILES`, interpolated linearly between order statistics.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("no values: a percentile needs at least one")
    return [float(value) for value in np.percentile(np.asarray(values, float), PERCENTILES)]
