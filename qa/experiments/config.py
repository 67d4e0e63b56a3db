"""Experiments as files: what to run on which data, how to score it, what others published.

A YAML file holds several runs, so that one file can hold retriever, reader and pipeline::

    about: The reader alone against the whole pipeline.
    runs:
      - kind: reader
        datasets: ["subjqa:electronics", {name: "subjqa:grocery", split: dev, merge: first}]
        systems:
          - shipped
          - {name: runs/reader/reader, label: mine}
          - name: runs/other/reader
            needs: runs/other/reader
            made_by: reviewqa train reader --config other.yaml --data DATA --out runs/other
        tune: dev
      - kind: pipeline
        datasets: ["subjqa:electronics"]
        metrics: [rougeL]
        folds: 5
        published:
          - {label: book, metric: f1, protocol: book, value: 43.1, source: "…"}

Relative paths count from where the command runs. The folder of the public data sets is no part of
an experiment: it is another one on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from eval.errors import UnknownMetric
from eval.metrics.ranking import parse
from eval.records import MergeRule
from eval.written import require_further
from qa.checked import first_fault, read_yaml
from qa.errors import QAError
from qa.experiments.readers import HUB
from qa.experiments.retrieving import DEPTH

Kind = Literal["retriever", "reader", "pipeline"]
KINDS: tuple[Kind, ...] = ("retriever", "reader", "pipeline")
COMMAND_LINE = "command line"
_SHIPPED = Path(__file__).parent / "configs"
_OF_DATASETS = frozenset({"split", "protocol", "merge"})
_UNLIKE_PUBLISHED = _OF_DATASETS | {"datasets", "limit"}
"""Other questions, or other gold, than those that published values are about."""


class ExperimentError(QAError):
    """An experiment that cannot be used; the message names the file and the field."""


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Dataset(_Checked):
    """What to measure on; a mere name stands for its test part.

    ``protocol``: the data set's own if absent; of pipelines only ``book`` makes a difference,
    where the split's own texts are searched. ``corpus``: JSONL texts to search besides.
    """

    name: str = Field(min_length=1)
    split: str = "test"
    protocol: Literal["open", "product", "book"] | None = None
    merge: MergeRule = "any"
    corpus: Path | None = None


class PublishedValue(_Checked):
    """See :class:`eval.results.Published`, to which it is handed on."""

    label: str
    metric: str
    protocol: str
    value: float
    source: str


class System(_Checked):
    """What to measure; ``label`` is how results call it, its name if empty.

    ``needs``: a folder without which the system is left out; ``made_by``: the command that makes
    that folder, which is said then.
    """

    name: str = Field(min_length=1)
    label: str = ""
    needs: Path | None = None
    made_by: str = ""

    @model_validator(mode="after")
    def _remediable(self) -> System:
        if (self.needs is None) == bool(self.made_by):
            raise ValueError("'needs' (a folder) and 'made_by' (its command) go together")
        return self

    @property
    def missing(self) -> str:
        """Why it cannot be measured and what to do about it; empty if it can."""
        if self.needs is None or self.needs.exists():
            return ""
        return f"{self.label or self.name}: no {self.needs}; to make it: {self.made_by}"


Datasets = Annotated[list[Annotated[Dataset, BeforeValidator(_named)]], Field(min_length=1)]
Systems = Annotated[list[Annotated[System, BeforeValidator(_named)]], Field(min_length=1)]


class _Run(_Checked):
    """What the three kinds have in common.

    ``limit``: the first so many questions. ``folds``: mean and spread over so many folds, grouped
    by product; 0 for none. ``metrics``: see the kinds. ``published``: others' values on the same.
    """

    datasets: Datasets
    metrics: list[str] = []
    limit: int | None = Field(None, ge=1)
    folds: int = Field(0, ge=0)
    published: list[PublishedValue] = []

    takes: ClassVar[frozenset[str]]
    """Those settings of data sets that mean something for the kind."""

    @field_validator("datasets")
    @classmethod
    def _meant(cls, datasets: list[Dataset]) -> list[Dataset]:
        for one in datasets:
            for name in sorted(_OF_DATASETS - cls.takes):
                if getattr(one, name) != Dataset.model_fields[name].default:
                    raise ValueError(f"{one.name}: {name} means nothing here: leave it out")
        return datasets

    @field_validator("folds")
    @classmethod
    def _several(cls, folds: int) -> int:
        if folds == 1:
            raise ValueError("one fold has no other side: 0 for none, or 2 and more")
        return folds


class _AnswerRun(_Run):
    threads: int = Field(0, ge=0)

    @field_validator("metrics")
    @classmethod
    def _further(cls, metrics: list[str]) -> list[str]:
        return _known(metrics, lambda: require_further(metrics))


class RetrieverRun(_Run):
    """``metrics`` instead of the usual ones; ``depth`` texts are retrieved per question."""

    takes = frozenset({"split", "protocol"})
    kind: Literal["retriever"] = "retriever"
    systems: Systems = [System(name="bm25")]
    depth: int = Field(DEPTH, ge=1)

    @field_validator("metrics")
    @classmethod
    def _ranked(cls, metrics: list[str]) -> list[str]:
        return _known(metrics, lambda: [parse(name) for name in metrics])


class ReaderRun(_AnswerRun):
    """``metrics`` besides the usual ones; ``tune``: the split to choose a threshold on."""

    takes = frozenset({"split", "merge"})
    kind: Literal["reader"] = "reader"
    systems: Systems = [System(name="shipped")]
    tune: str | None = None


class PipelineRun(_AnswerRun):
    """``model``: a reader folder instead of the pipelines' own; ``passages`` are read."""

    takes = _OF_DATASETS
    kind: Literal["pipeline"] = "pipeline"
    systems: Systems = [System(name="bm25")]
    model: str | None = None
    passages: int = Field(10, ge=1)

    @field_validator("model")
    @classmethod
    def _packaged(cls, model: str | None) -> str | None:
        if model is not None and model.startswith(HUB):
            raise ValueError("pipelines take reader folders; measure hub models as readers")
        return model

    @field_validator("datasets")
    @classmethod
    def _own_or_book(cls, datasets: list[Dataset]) -> list[Dataset]:
        for one in datasets:
            if one.protocol not in (None, "book"):
                raise ValueError(f"{one.name}: protocol of a pipeline is 'book' or left out")
        return datasets


Run = RetrieverRun | ReaderRun | PipelineRun
_Tagged = Annotated[Run, Field(discriminator="kind")]
_RUN: TypeAdapter[Any] = TypeAdapter(_Tagged)


class Experiment(_Checked):
    """Several runs. ``about`` says in a line what they are for; ``out`` is where results go."""

    about: str = ""
    out: Path | None = None
    runs: list[_Tagged] = Field(min_length=1)

    def of(self, kind: Kind, source: object) -> Experiment:
        """Its runs of one kind; raises :class:`ExperimentError` naming ``source`` without one."""
        runs = [run for run in self.runs if run.kind == kind]
        if not runs:
            held = ", ".join(sorted({run.kind for run in self.runs}))
            raise ExperimentError(f"{source}: no {kind} among its runs, only {held}")
        return self.model_copy(update={"runs": runs})

    def changed(self, values: Mapping[str, Any]) -> Experiment:
        """With other settings in every run; published values go where they no longer belong.

        Args:
            values: fields of a run; ``split``, ``protocol`` and ``merge`` are set in every data
                set.

        Raises:
            ExperimentError: a value that a run does not take.
        """
        return self.model_copy(update={"runs": [_changed(run, values) for run in self.runs]})


def load_experiment(source: str | Path) -> Experiment:
    """An experiment by its shipped name or the path of a YAML file.

    Raises:
        ExperimentError: no such file, no YAML, or a field that is unknown, missing or wrong.
    """
    path = _SHIPPED / f"{source}.yaml"
    if not path.is_file():
        path = Path(source)
    if not path.is_file():
        known = ", ".join(shipped_experiments())
        raise ExperimentError(f"no experiment {str(source)!r}: a YAML file, or one of {known}")
    tree = read_yaml(path, "experiment", ExperimentError)
    found: Experiment = _validated(TypeAdapter(Experiment), tree, path)
    return found


def shipped_experiments() -> list[str]:
    """Names that :func:`load_experiment` knows."""
    return sorted(path.stem for path in _SHIPPED.glob("*.yaml"))


def single_run(kind: Kind, datasets: Sequence[str], values: Mapping[str, Any]) -> Experiment:
    """An experiment of one run that no file describes; raises :class:`ExperimentError`."""
    run = _validated(_RUN, {"kind": kind, "datasets": list(datasets)}, COMMAND_LINE)
    return Experiment(runs=[run]).changed(values)


def _changed(run: Run, values: Mapping[str, Any]) -> Run:
    tree = run.model_dump()
    tree |= {name: value for name, value in values.items() if name not in _OF_DATASETS}
    inside = {name: values[name] for name in run.takes & values.keys()}
    tree["datasets"] = [{**_named(one), **inside} for one in tree["datasets"]]
    if _UNLIKE_PUBLISHED & values.keys():
        tree["published"] = []
    changed: Run = _validated(_RUN, tree, COMMAND_LINE)
    return changed


def _validated(shape: TypeAdapter[Any], tree: Any, where: object) -> Any:
    try:
        return shape.validate_python(tree)
    except ValidationError as error:
        raise ExperimentError(f"{where}: {first_fault(error, frozenset(KINDS))}") from error


def _known(metrics: list[str], check: Any) -> list[str]:
    try:
        check()
    except UnknownMetric as error:
        raise ValueError(str(error)) from error
    return metrics
