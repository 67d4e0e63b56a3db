"""Telling how far long work is where nobody watches a bar: lines in a log, and not too many."""

from __future__ import annotations

from itertools import count

import pytest

from api.cli.progress import watched
from qa.progress import Progress


@pytest.mark.parametrize(("step", "wanted"), [(6, [1, 2, 3]), (2, [3]), (0.1, [])])
def test_a_log_gets_a_line_now_and_then(
    step: float,
    wanted: list[int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock moves by ``step`` seconds whenever it is looked at; lines are five apart."""
    ticks = count()
    monkeypatch.setattr("api.cli.progress.time.monotonic", lambda: step * next(ticks))

    def work(progress: Progress) -> str:
        for number in (1, 2, 3):
            progress(1000 * number, 3000)
        return "done"

    assert watched("hybrid, amazon", work) == "done"
    said = capsys.readouterr()
    assert said.out == ""
    lines = [f"hybrid, amazon: {number},000 of 3,000" for number in wanted]
    assert said.err.splitlines() == lines
