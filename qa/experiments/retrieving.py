"""Retriever experiments: a run of every query of a set, with its manifest beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from eval.datasets.protocols import safe_id
from eval.formats.manifest import Manifest, digest, write_manifest
from eval.formats.predictions import write_json
from eval.formats.trec import read_run, write_qrels, write_run
from eval.records import RetrievalSet
from indexing.engines.base import Engine
from qa.experiments import manifest as about
from qa.experiments.journal import Journal
from qa.experiments.manifest import finished, read_timings
from qa.experiments.retrievers import Retriever, make_retriever, searchable
from qa.progress import Progress

RUN, QRELS, MANIFEST, TIMINGS = "run.trec", "qrels.txt", "manifest.json", "timings.json"
DEPTH = 100


@dataclass(frozen=True, slots=True)
class RetrieverRun:
    """What a retriever found: score by text id by query id, and how long each took."""

    run: dict[str, dict[str, float]]
    milliseconds: dict[str, list[float]]
    manifest: Manifest


def run_retriever(
    data: RetrievalSet,
    system: str,
    *,
    label: str = "",
    engine: Engine | None = None,
    out: Path | None = None,
    depth: int = DEPTH,
    progress: Progress = lambda done, total: None,
) -> RetrieverRun:
    """Ask every query of a system over a store with the set's texts.

    Args:
        system: as :func:`qa.experiments.retrievers.make_retriever` knows it.
        label: how the run calls it; its name if empty.
        engine: the store to search; a temporary one with the set's texts if None.
        out: where run, judgments, timings and manifest go; an interrupted run there goes on.
        depth: texts per query at most.

    Raises:
        PipelineError: no such system.
        indexing.errors.IndexingError: the texts cannot be stored or searched.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="reviewqa-"))
        store, twins = stack.enter_context(searchable(engine, data.texts))
        retriever = make_retriever(system, store, own=engine is None)
        made = Manifest(
            "retriever",
            label or system,
            data.dataset,
            data.split,
            data.protocol,
            digest(data),
            about.commit(),
            {"depth": depth},
            {"model": retriever.fingerprint, "store": store.fingerprint()},
            about.versions(),
        )
        if out is not None and finished(out / MANIFEST, made):
            return RetrieverRun(read_run(out / RUN), read_timings(out / TIMINGS), made)
        where = (out or Path(folder)) / "run.journal.jsonl"
        journal = stack.enter_context(Journal(where, made.identity))
        _ask(data, retriever, twins, journal, depth, progress)
        found = [journal.entries[query.id] for query in data.queries]
        result = RetrieverRun(
            {entry["id"]: entry["scores"] for entry in found},
            {"retrieve": [entry["milliseconds"] for entry in found]},
            made,
        )
    if out is not None:
        _write(out, data, result)
    return result


def _ask(
    data: RetrievalSet,
    retriever: Retriever,
    twins: Mapping[str, tuple[str, ...]],
    journal: Journal,
    depth: int,
    progress: Progress,
) -> None:
    for number, query in enumerate(data.queries, 1):
        if query.id not in journal.entries:
            started = perf_counter()
            found = retriever.retrieve(query, depth)
            taken = 1000 * (perf_counter() - started)
            scores = {
                twin: score
                for name, score in found.items()
                for twin in twins.get(name, (safe_id(name),))
            }
            journal.add({"id": query.id, "scores": scores, "milliseconds": taken})
        progress(number, len(data.queries))


def _write(out: Path, data: RetrievalSet, result: RetrieverRun) -> None:
    write_run(out / RUN, result.run, result.manifest.system)
    write_qrels(out / QRELS, data.qrels)
    write_json(out / TIMINGS, result.milliseconds)
    write_manifest(out / MANIFEST, result.manifest)
    (out / "run.journal.jsonl").unlink()
