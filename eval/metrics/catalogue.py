"""Every metric there is, with its definition and source."""

from __future__ import annotations

from eval.metrics import calibration, no_answer, overlap, ranking, risk_coverage, squad
from eval.metrics.definition import Definition

CATALOGUE: tuple[Definition, ...] = (
    *ranking.DEFINITIONS,
    *squad.DEFINITIONS,
    *no_answer.DEFINITIONS,
    *calibration.DEFINITIONS,
    *risk_coverage.DEFINITIONS,
    *overlap.DEFINITIONS,
)
