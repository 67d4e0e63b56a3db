"""Where an evaluation's questions and texts come from: files by name, or a store's own labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from eval.datasets.registry import also_known, load_reading
from eval.datasets.retrieval import load_pipeline_set, load_retrieval
from eval.records import ReadingQuestion, RetrievalSet, Text
from indexing.engines.base import Engine
from qa.experiments.job import Job
from qa.experiments.stored import StoredLabels, opened_store

STORE = "store:"
SAMPLE = "sample"
"""Name of the bundled sample, whose reviews are searched besides those that were asked on."""

PipelineSet = tuple[list[ReadingQuestion], list[Text], bool]
"""Questions, the texts to answer from, and whether each is asked of its product alone."""


class Source(Protocol):
    """Gold data in the forms that the three kinds of evaluation need.

    ``engine``: the store to search; None where one has to be made of the texts. ``about``: what
    else qualifies the figures.
    """

    @property
    def engine(self) -> Engine | None: ...

    @property
    def about(self) -> Mapping[str, Any]: ...

    def reading(self, split: str) -> list[ReadingQuestion]: ...

    def retrieval(self, protocol: str | None) -> RetrievalSet: ...

    def pipeline(self, protocol: str | None) -> PipelineSet: ...


class FileSource:
    """Public data sets and users' files, through :mod:`eval.datasets`."""

    engine = None
    about: Mapping[str, Any] = {}

    def __init__(self, job: Job) -> None:
        self._job = job

    def reading(self, split: str) -> list[ReadingQuestion]:
        return load_reading(self._job.dataset, split, self._job.root)

    def retrieval(self, protocol: str | None) -> RetrievalSet:
        job = self._job
        return load_retrieval(job.dataset, job.split, job.root, protocol, job.corpus)

    def pipeline(self, protocol: str | None) -> PipelineSet:
        job = self._job
        return load_pipeline_set(job.dataset, job.split, job.root, job.corpus, protocol)


@contextmanager
def opened(job: Job) -> Iterator[Source]:
    """The source of a job; a store is open within the block.

    Raises:
        IndexingError: the store cannot be opened.
    """
    if not job.dataset.startswith(STORE):
        with also_known(SAMPLE, f"{STORE}DIR"):
            yield FileSource(job)
        return
    with opened_store(job.dataset.removeprefix(STORE)) as engine:
        yield StoredLabels(engine, job.name)
