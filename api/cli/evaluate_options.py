"""The options of ``reviewqa eval retriever|reader|pipeline|run``, each declared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from api.cli import options
from api.cli.evaluate_report import Also

if TYPE_CHECKING:
    from qa.experiments.config import Kind

Data = Annotated[
    Path,
    typer.Option("--data", envvar="REVIEWQA_DATA", help="Folder with the public data sets."),
]
HERE = Path()
NAMES = (
    "subjqa:electronics, squadshifts:amazon, epqa, sample, store:DIR, "
    "a SQuAD or JSONL file, a BEIR folder."
)

# Every option of a measurement, once. None: not given, so the file or the default decides.
OPTIONS: Mapping[str, Any] = {
    "datasets": Annotated[list[str] | None, typer.Argument(metavar="[DATASET...]", help=NAMES)],
    "experiment": Annotated[
        str, typer.Argument(metavar="FILE|NAME", help="A YAML file, or one that ships.")
    ],
    "config": Annotated[
        str | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="An experiment, whose runs of this kind are done; options overrule it.",
        ),
    ],
    "system": Annotated[
        list[str] | None,
        typer.Option(
            "--system",
            help="A retriever (bm25, bm25-plain, dense, hybrid, hybrid+rank, the last three with "
            ":ENCODER if you like; hub:NAME, dpr:QUESTION,PASSAGE, a YAML file); a reader "
            "('shipped', its folder, hub:NAME or hub:FOLDER); a pipeline (bm25, bm25-plain, dense, "
            "hybrid, hybrid+rank, a YAML file).",
        ),
    ],
    "protocol": Annotated[
        str | None,
        typer.Option("--protocol", help="open, product or book; the set's own if absent."),
    ],
    "metric": Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            help="Of retrievers, instead of the usual ones: recall@10, mrr. Of answers, besides "
            "them: rouge1, rouge2, rougeL, bleu. See `reviewqa eval metrics`.",
        ),
    ],
    "depth": Annotated[
        int | None, typer.Option("--depth", help="Texts to retrieve per question: 100.")
    ],
    "tune": Annotated[
        str | None, typer.Option("--tune", help="Split to tune a threshold on; the model's own.")
    ],
    "model": Annotated[
        str | None, typer.Option("--model", help="A reader folder instead of the pipeline's own.")
    ],
    "passages": Annotated[int | None, typer.Option("--passages", help="Passages to read: 10.")],
    "merge": Annotated[
        Literal["any", "first"] | None,
        typer.Option("--merge", help="Gold: what any annotator marked (default), or the first."),
    ],
    "threads": Annotated[
        int | None, typer.Option("--threads", help="CPU threads; 0 takes every core.")
    ],
    "split": Annotated[
        str | None, typer.Option("--split", help="Which part of the data set: test.")
    ],
    "limit": Annotated[
        int | None, typer.Option("--limit", help="Only the first so many questions.")
    ],
    "folds": Annotated[
        int | None,
        typer.Option("--folds", help="Mean and spread over folds, grouped by product."),
    ],
    "out": Annotated[
        Path | None,
        typer.Option("--out", help="Folder for run, manifest and result; resumes there."),
    ],
    "report": Also,
    "data": Data,
    "as_json": options.Json,
}
_EVERY = ("datasets", "config", "system", "metric", "split", "limit", "folds", "out")
_LAST = ("report", "data", "as_json")
KINDS: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    "retriever": (
        "Measure how well the right texts are found, beside random order.",
        (*_EVERY, "protocol", "depth", *_LAST),
    ),
    "reader": (
        "Measure answers where the right text is given, beside what annotators reach.",
        (*_EVERY, "tune", "merge", "threads", *_LAST),
    ),
    "pipeline": (
        "Measure the answers of the whole system.",
        (*_EVERY, "protocol", "model", "passages", "merge", "threads", *_LAST),
    ),
}
_PLURAL = {"system": "systems", "metric": "metrics"}
RUN = ("experiment", "limit", "folds", "out", *_LAST)
RUN_HELP = "Run an experiment: book-retriever, book-reader, book-pipeline, or a file of your own."
_DEFAULTS = {"experiment": inspect.Parameter.empty, "data": HERE, "as_json": False}


def taking(names: Sequence[str], run: Callable[..., None]) -> Callable[..., None]:
    """``run`` with those of :data:`OPTIONS` as its parameters, which is what typer looks at."""
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=_DEFAULTS.get(name),
                annotation=OPTIONS[name],
            )
            for name in names
        ]
    )
    run.__annotations__ = {name: OPTIONS[name] for name in names}
    return run


def said(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the command line says of the experiment itself, under an experiment's names."""
    kept = {name: value for name, value in given.items() if value not in (None, [])}
    return {
        _PLURAL.get(n, n): v
        for n, v in kept.items()
        if n not in ("out", "report", "data", "as_json")
    }
