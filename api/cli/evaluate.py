"""``reviewqa eval``: measure retrievers, readers and whole pipelines; score and compare files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from api.cli import evaluate_report, options, output
from api.cli.failures import Failure

if TYPE_CHECKING:
    from eval.results import Result
    from qa.experiments.evaluate import Job

app = typer.Typer(
    help="Measure retrievers, readers and pipelines; score and compare files.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Datasets = Annotated[
    list[str],
    typer.Argument(
        metavar="DATASET...",
        help="subjqa:electronics, squadshifts:amazon, epqa, sample, a SQuAD or JSONL file, "
        "a BEIR folder.",
    ),
]
Data = Annotated[
    Path,
    typer.Option("--data", envvar="REVIEWQA_DATA", help="Folder with the public data sets."),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="Folder for run, manifest and result; resumes there.")
]
Split = Annotated[str, typer.Option("--split", help="Which part of the data set.")]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Only the first so many questions.")
]
Folds = Annotated[
    int, typer.Option("--folds", min=0, help="Mean and spread over folds, grouped by product.")
]
Merge = Annotated[
    Literal["any", "first"],
    typer.Option("--merge", help="Gold: what any annotator marked, or the first one."),
]
HERE = Path()


@app.callback()
def _group() -> None:
    pass


@app.command()
def retriever(
    datasets: Datasets,
    system: Annotated[list[str] | None, typer.Option("--system", help="Default: bm25.")] = None,
    protocol: Annotated[
        str | None,
        typer.Option("--protocol", help="open, product or book; the set's own if absent."),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", help="Such as recall@10, mrr, ndcg@10.")
    ] = None,
    depth: Annotated[int, typer.Option(min=1, help="Texts to retrieve per question.")] = 100,
    split: Split = "test",
    data: Data = HERE,
    out: Out = None,
    limit: Limit = None,
    folds: Folds = 0,
    report: evaluate_report.Also = None,
    as_json: options.Json = False,
) -> None:
    """Measure how well the right texts are found, beside random order."""
    with _faults():
        from qa.experiments.evaluate import evaluate_retriever

        jobs = _jobs(datasets, split, data, out, limit)
        results = [
            _shown(
                f"{name} on {job.name}",
                lambda progress, job=job, name=name: evaluate_retriever(  # type: ignore[misc]
                    job,
                    name,
                    protocol=protocol,
                    metrics=metric or (),
                    depth=depth,
                    progress=progress,
                ),
            )
            for job in jobs
            for name in system or ["bm25"]
        ]
        evaluate_report.also(report, results)
        _print(results, folds, as_json)


@app.command()
def reader(
    datasets: Datasets,
    system: Annotated[
        list[str] | None, typer.Option("--system", help="'shipped' (default) or a reader folder.")
    ] = None,
    split: Split = "test",
    tune: Annotated[
        str | None, typer.Option("--tune", help="Split to tune a threshold on; the model's own.")
    ] = None,
    merge: Merge = "any",
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 takes every core.")] = 0,
    data: Data = HERE,
    out: Out = None,
    limit: Limit = None,
    folds: Folds = 0,
    report: evaluate_report.Also = None,
    as_json: options.Json = False,
) -> None:
    """Measure answers where the right text is given, beside what annotators reach."""
    with _faults():
        from qa.experiments.evaluate import SHIPPED, evaluate_reader

        jobs = _jobs(datasets, split, data, out, limit, merge, folds)
        results = [
            _shown(
                f"{name} on {job.name}",
                lambda progress, job=job, name=name: evaluate_reader(  # type: ignore[misc]
                    job, name, tune=tune, threads=threads, progress=progress
                ),
            )
            for job in jobs
            for name in system or [SHIPPED]
        ]
        evaluate_report.also(report, results)
        _print(results, folds, as_json)


@app.command()
def pipeline(
    datasets: Datasets,
    system: Annotated[
        list[str] | None, typer.Option("--system", help="Pipelines: bm25 (default) or YAML files.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A reader folder instead of its own.")] = None,
    passages: Annotated[int, typer.Option(min=1, help="Passages to read.")] = 10,
    split: Split = "test",
    merge: Merge = "any",
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 takes every core.")] = 0,
    data: Data = HERE,
    out: Out = None,
    limit: Limit = None,
    folds: Folds = 0,
    report: evaluate_report.Also = None,
    as_json: options.Json = False,
) -> None:
    """Measure the answers of the whole system."""
    with _faults():
        from qa.experiments.evaluate import evaluate_pipeline
        from qa.experiments.pipeline_run import PipelineSettings

        jobs = _jobs(datasets, split, data, out, limit, merge, folds)
        results = [
            _shown(
                f"{name} on {job.name}",
                lambda progress, job=job, name=name: evaluate_pipeline(  # type: ignore[misc]
                    job,
                    PipelineSettings(name, model, passages, threads),
                    progress=progress,
                ),
            )
            for job in jobs
            for name in system or ["bm25"]
        ]
        evaluate_report.also(report, results)
        _print(results, folds, as_json)


@app.command()
def score(
    file: Annotated[Path, typer.Argument(metavar="RUN|PREDICTIONS", help="What a system said.")],
    qrels: Annotated[Path | None, typer.Option(help="Judgments of a TREC run.")] = None,
    gold: Annotated[
        str | None, typer.Option(help="Questions of predictions: a SQuAD file or a data set.")
    ] = None,
    no_answer: Annotated[
        Path | None, typer.Option("--na", help="Log odds or probability of no answer, by id.")
    ] = None,
    threshold: Annotated[float, typer.Option(help="Least score of an answer (log odds).")] = 0.0,
    metric: Annotated[list[str] | None, typer.Option("--metric", help="Of a run.")] = None,
    split: Split = "test",
    merge: Merge = "any",
    data: Data = HERE,
    out: Annotated[Path | None, typer.Option("--out", help="File for the result.")] = None,
    as_json: options.Json = False,
) -> None:
    """Score a TREC run against judgments, or predictions against gold, without the system."""
    if (qrels is None) == (gold is None):
        raise typer.BadParameter("give --qrels for a run or --gold for predictions")
    with _faults():
        from eval.formats.results import write_result
        from eval.scoring import score_predictions_file, score_run_file

        if qrels is not None:
            result = score_run_file(file, qrels, metric or ())
        else:
            (job,) = _jobs([gold or ""], split, data, None, None)
            result = score_predictions_file(
                file, job.dataset, split, data, no_answer, threshold=threshold, merge=merge
            )
        if out is not None:
            write_result(out, result)
        _print([result], 0, as_json)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A result file or its folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another, on the same questions.")],
    metric: Annotated[
        list[str] | None, typer.Option("--metric", help="Such as f1, or 'all: f1'.")
    ] = None,
    changed: Annotated[int, typer.Option(min=0, help="Questions that changed most to show.")] = 5,
    as_json: options.Json = False,
) -> None:
    """Say whether B is better than A, by how much, and on which questions."""
    with _faults():
        from api.cli import evaluate_tables
        from eval.compare import changes
        from eval.compare import compare as compare_results
        from eval.formats.results import read_result

        a, b = (read_result(p / "result.json" if p.is_dir() else p) for p in (first, second))
        found = compare_results(a, b, metric or ())
        main = f"{found[0].protocol}: {found[0].metric}"
        moved = changes(a, b, main, changed)
        if as_json:
            output.print_json({"comparisons": found, "changes": {"metric": main, "most": moved}})
        else:
            evaluate_tables.show_comparison(a, b, found, moved, main)


@contextmanager
def _faults() -> Iterator[None]:
    """Errors of evaluation are worded for people."""
    options.quiet()
    from eval.errors import EvalError

    try:
        yield
    except EvalError as error:
        raise Failure(str(error)) from error


def _jobs(
    datasets: Sequence[str],
    split: str,
    data: Path,
    out: Path | None,
    limit: int | None,
    merge: Literal["any", "first"] = "any",
    folds: int = 0,
) -> list[Job]:
    from indexing.sample import questions_path, reviews_path
    from qa.experiments.evaluate import Job

    made = []
    for name in datasets:
        sample = name == "sample"
        made.append(
            Job(
                str(questions_path()) if sample else name,
                split,
                data,
                out,
                reviews_path() if sample else None,
                limit,
                merge,
                folds,
                "sample" if sample else "",
            )
        )
    return made


def _shown(what: str, work: Callable[[Callable[[int, int], None]], Result]) -> Result:
    """Run ``work`` with a bar on stderr, where that is a terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = output.console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn())
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task(output.flat(what), total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return work(progress)


def _print(results: Sequence[Result], folds: int, as_json: bool) -> None:
    from api.cli import evaluate_tables
    from eval.folds import group_folds, groups_of, spread

    spreads: list[list[Any]] = []
    for result in results:
        parts = group_folds(groups_of(result), folds) if folds else []
        spreads.append(list(spread(result.columns, parts)) if parts else [])
    if as_json:
        output.print_json(
            [evaluate_tables.tree(*pair) for pair in zip(results, spreads, strict=True)]
        )
    else:
        for result, found in zip(results, spreads, strict=True):
            evaluate_tables.show_result(result, found)
