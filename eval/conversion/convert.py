"""Converting gold data between formats; what cannot be carried over is counted and said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eval.conversion.beir import read_beir, write_beir
from eval.conversion.dpr import read_dpr, readings_of, write_dpr
from eval.conversion.formats import Format
from eval.conversion.jsonl import write_jsonl
from eval.conversion.judged import JudgedSet, judged_set
from eval.conversion.report import ConversionReport, Ledger
from eval.conversion.squad import read_squad_losses, write_squad_json
from eval.conversion.subjqa import write_subjqa
from eval.datasets.evidence import JUDGED
from eval.datasets.files import find
from eval.datasets.jsonl import iter_jsonl
from eval.datasets.protocols import open_protocol, product_protocol
from eval.datasets.registry import load_reading
from eval.datasets.retrieval import default_protocol, load_retrieval
from eval.datasets.subjqa import DOMAINS, read_subjqa
from eval.errors import DestinationExists, NotConvertible
from eval.records import ReadingQuestion, RetrievalSet

Progress = Callable[[int], None]
NAMED = "a data set by name"
_JUDGED = ("beir", "dpr")
_EVERY = 200  # questions between two reports of progress


@dataclass(frozen=True, slots=True)
class Source:
    """What to convert.

    Attributes:
        place: a path, or a name that :mod:`eval.datasets.registry` knows, or one of ``JUDGED``.
        format: of the path; None for a name.
        split: which part of a named set or of a BEIR folder, and of a BEIR folder that is made.
        root: where named sets live.
        protocol: how texts become relevant where the target is BEIR or DPR; the set's own if None.
    """

    place: str
    format: Format | None
    split: str = "test"
    root: Path = Path()
    protocol: str | None = None


def _quiet(done: int) -> None:
    pass


def convert(
    source: Source,
    destination: Path,
    form: Format,
    *,
    force: bool = False,
    progress: Progress = _quiet,
) -> ConversionReport:
    """Read ``source`` and write it as ``form``, whole or not at all.

    Raises:
        DatasetNotFound: no such source.
        MalformedData: the source breaks its format.
        NotConvertible: the source lacks what the target is made of.
        DestinationExists: there is something at ``destination`` and no ``force``.
    """
    if source.format and destination.exists() and destination.samefile(_existing(source.place)):
        raise DestinationExists(f"{destination} is the source itself: name another place")
    ledger = Ledger()
    if form in _JUDGED:
        _write_judged(_judged(source, form, ledger, progress), source, destination, form,
                      ledger, force)  # fmt: skip
    else:
        readings = _counted(_readings(source, ledger), source, ledger, progress)
        _WRITERS[form](destination, readings, ledger, force=force)
    return ConversionReport(
        source.place,
        source.format or NAMED,
        str(destination),
        form,
        *({k: n for k, n in counts.items() if n} for counts in
          (ledger.read, ledger.written, ledger.dropped, ledger.lost)),
    )  # fmt: skip


def _existing(place: str) -> Path:
    path = Path(place)
    return path if path.is_dir() else find(path)


def _readings(source: Source, ledger: Ledger) -> Iterable[ReadingQuestion]:
    """The annotated questions of a source, one at a time where the format allows."""
    path = Path(source.place)
    if source.format is None:
        return _named(source)
    if source.format == "subjqa":
        return read_subjqa(find(path), details=True)
    if source.format == "jsonl":
        return iter_jsonl(path)
    if source.format == "dpr":
        return readings_of(path, ledger)
    if source.format == "beir":
        return _beir_readings(source, ledger)
    return read_squad_losses(path, ledger)


def _named(source: Source) -> list[ReadingQuestion]:
    family, _, part = source.place.partition(":")
    if source.place in JUDGED:
        raise NotConvertible(f"{source.place} has no answer spans: convert it to beir or dpr")
    if family == "subjqa" and part in DOMAINS:
        path = source.root / "subjqa" / part / f"{source.split}.csv"
        return read_subjqa(find(path), details=True)
    return load_reading(source.place, source.split, source.root)


def _beir_readings(source: Source, ledger: Ledger) -> Iterator[ReadingQuestion]:
    data = read_beir(Path(source.place), source.split, ledger, every_text=False)
    found = [reading for question in data.questions for reading in question.readings]
    if not found:
        raise NotConvertible(
            f"{source.place}: a BEIR folder holds no answer spans (only one that reviewqa made "
            "does): convert it to dpr"
        )
    unread = sum(not question.readings for question in data.questions)
    ledger.dropped["queries without annotated readings"] += unread
    yield from found


def _judged(source: Source, form: Format, ledger: Ledger, progress: Progress) -> JudgedSet:
    if source.format == "beir":
        return read_beir(Path(source.place), source.split, ledger, every_text=form == "beir")
    if source.format == "dpr":
        return read_dpr(Path(source.place), ledger)
    if source.place in JUDGED and source.format is None:
        data = load_retrieval(source.place, source.split, source.root)
        ledger.read["questions"] += len(data.queries) + data.left_out
        ledger.dropped["without both a relevant and another text"] += data.left_out
        return judged_set(data)
    readings = list(_counted(_readings(source, ledger), source, ledger, progress))
    return judged_set(_retrieval(source, readings), readings)


def _retrieval(source: Source, readings: list[ReadingQuestion]) -> RetrievalSet:
    """The set that ``eval retriever`` would measure on; of a file's own questions for a file."""
    chosen = source.protocol or (
        "product" if source.format == "subjqa" else default_protocol(source.place)
    )
    if chosen not in ("open", "product"):
        raise NotConvertible(f"no protocol {chosen!r} to convert by: open or product")
    if source.format is None:
        return load_retrieval(source.place, source.split, source.root, chosen)
    if chosen == "open":
        return open_protocol(source.place, source.split, readings, readings)
    return product_protocol(source.place, source.split, readings, readings, readings)


def _write_judged(
    data: JudgedSet, source: Source, path: Path, form: Format, ledger: Ledger, force: bool
) -> None:
    if form == "beir":
        write_beir(path, source.split, data, ledger, force=force)
    else:
        write_dpr(path, data, ledger, force=force)


def _counted(
    questions: Iterable[ReadingQuestion], source: Source, ledger: Ledger, progress: Progress
) -> Iterator[ReadingQuestion]:
    kind = "readings" if source.format in _JUDGED else "questions"
    for number, question in enumerate(questions, 1):
        if number % _EVERY == 0:
            progress(number)
        ledger.read[kind] += 1
        yield question


_WRITERS: dict[str, Callable[..., None]] = {
    "subjqa": write_subjqa,
    "jsonl": write_jsonl,
    "squad-1.1": partial(write_squad_json, version="squad-1.1"),
    "squad-2.0": partial(write_squad_json, version="squad-2.0"),
}
