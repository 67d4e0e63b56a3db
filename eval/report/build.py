"""From runs to a report."""

from __future__ import annotations

from collections.abc import Sequence

from eval.report import bars, curves, overview
from eval.report.failures import KINDS, failures, worst
from eval.report.model import Cell, Failure, Number, Report, Section, Table
from eval.report.runs import Run

FAILURES = 100


def build(runs: Sequence[Run], limit: int = FAILURES) -> Report:
    """The report of some runs; of every kind of failure of every run the ``limit`` worst."""
    sections = (
        overview.overview(runs),
        curves.retrieval(runs),
        bars.answers(runs),
        curves.confidence(runs),
        bars.breakdowns(runs),
        curves.latency(runs),
        overview.figure_tables(runs),
        _failures(runs, limit),
        overview.glossary(runs),
    )
    places = ", ".join(dict.fromkeys(run.dataset for run in runs))
    systems = ", ".join(dict.fromkeys(run.name for run in runs))
    return Report(
        f"Evaluation on {places}", systems, tuple(one for one in sections if not one.empty)
    )


def _failures(runs: Sequence[Run], limit: int) -> Section:
    kept: list[Failure] = []
    rows: list[tuple[Cell, ...]] = []
    for run in runs:
        found = failures(run)
        kept += worst(found, limit)
        count = len(run.result.asked)
        rows += _counts(run, found, count)
    prose = (
        "Questions that lost something, by loss (one minus F1, or minus the reciprocal rank of a "
        f"retriever), the surest mistakes first; at most {limit} of a kind for each system.",
    )
    table = Table(
        "Failures by kind", ("system", "data set", "kind", "questions", "% of all", "mean loss"),
        tuple(rows),
    )  # fmt: skip
    ordered = sorted(kept, key=lambda failure: -failure.loss)
    if not rows:
        return Section("failures", "Failures")
    return Section("failures", "Failures", prose, (table,), failures=tuple(ordered))


def _counts(run: Run, found: Sequence[Failure], count: int) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for kind, name in KINDS.items():
        losses = [failure.loss for failure in found if failure.kind == kind]
        if losses:
            share, mean = 100 * len(losses) / count, sum(losses) / len(losses)
            cells = (Number(len(losses)), Number(share, 1), Number(mean, 2))
            rows.append((run.name, run.dataset, name, *cells))
    return rows
