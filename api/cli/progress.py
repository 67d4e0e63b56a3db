"""How far a long piece of work is: a bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from api.cli import output

if TYPE_CHECKING:
    from indexing.report import Progress
    from qa.progress import Progress as Counts

T = TypeVar("T")
Report = Callable[["Progress"], None]
_PAUSE = 5.0  # seconds between two lines: logs are read by people, too


@contextmanager
def shown_progress() -> Iterator[Report]:
    """What to call after every batch; shows on stderr, so that stdout keeps the report alone."""
    if sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        yield Lines()


@contextmanager
def _bar() -> Iterator[Report]:
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[records]} reviews, {task.fields[rate]}/s"),
        TimeRemainingColumn(),
        console=output.console(stderr=True),
        transient=True,
    )
    began = time.monotonic()
    with bar:
        task = bar.add_task("", total=None, records="0", rate="0")

        def report(at: Progress) -> None:
            rate = at.records_read / max(time.monotonic() - began, 1e-9)
            bar.update(
                task,
                total=at.total_bytes,
                completed=at.bytes_read,
                records=f"{at.records_read:,}",
                rate=f"{rate:,.0f}",
            )

        yield report


@contextmanager
def counted(what: str) -> Iterator[Callable[[int], None]]:
    """What to call with a count now and then; shown on stderr, see :func:`said`."""
    with said() as say:
        yield lambda done: say(f"{done:,} {what}")


@contextmanager
def said(pause: float = _PAUSE) -> Iterator[Callable[[str], None]]:
    """What to call with what is being done; shown on stderr once that takes longer than a moment.

    A terminal gets a line that changes, anything else a line now and then.
    """
    last, live, shown = time.monotonic(), sys.stderr.isatty(), False

    def say(what: str) -> None:
        nonlocal last, shown
        now = time.monotonic()
        if now - last >= (pause / 10 if live else pause):
            last, shown = now, True
            line = output.flat(what)
            end = "\r" if live else "\n"
            print(f"\033[2K{line}" if live else line, file=sys.stderr, end=end, flush=True)  # noqa: T201

    try:
        yield say
    finally:
        if live and shown:
            print("\033[2K", file=sys.stderr, end="\r", flush=True)  # noqa: T201


def watched(what: str, work: Callable[[Counts], T]) -> T:
    """Run ``work``, which tells how far it is; shown on stderr."""
    if not sys.stderr.isatty():
        with said() as say:
            return work(lambda done, total: say(f"{what}: {done:,} of {total:,}"))
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn())
    with Bar(
        *columns, TimeRemainingColumn(), console=output.console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(output.flat(what), total=None)
        return work(lambda done, total: bar.update(task, completed=done, total=total))


class Lines:
    """Prints a line on stderr, but not more often than every five seconds."""

    def __init__(self, pause: float = _PAUSE) -> None:
        self._pause = pause
        self._began = self._last = time.monotonic()

    def __call__(self, at: Progress) -> None:
        now = time.monotonic()
        if now - self._last < self._pause:
            return
        self._last = now
        print(self.line(at, now - self._began), file=sys.stderr, flush=True)  # noqa: T201

    def line(self, at: Progress, seconds: float) -> str:
        """For example ``12,000 reviews, 4,000/s, 31 %, about 7 s left``."""
        parts = [f"{at.records_read:,} reviews", f"{at.records_read / max(seconds, 1e-9):,.0f}/s"]
        if at.total_bytes and at.bytes_read:
            share = min(at.bytes_read / at.total_bytes, 1.0)
            parts += [f"{100 * share:.0f} %", f"about {seconds / share - seconds:.0f} s left"]
        return ", ".join(parts)
