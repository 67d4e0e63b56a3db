"""``reviewqa eval score`` and ``compare``: what files say, without the systems that made them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli import options, output
from api.cli.evaluate import faults
from api.cli.evaluate_options import HERE, Data


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
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", help="Of a run, instead of the usual; of answers, besides them."),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Which part of the data set.")] = "test",
    merge: Annotated[
        Literal["any", "first"],
        typer.Option("--merge", help="Gold: what any annotator marked, or the first one."),
    ] = "any",
    data: Data = HERE,
    out: Annotated[Path | None, typer.Option("--out", help="File for the result.")] = None,
    as_json: options.Json = False,
) -> None:
    """Score a TREC run against judgments, or predictions against gold, without the system."""
    if (qrels is None) == (gold is None):
        raise typer.BadParameter("give --qrels for a run or --gold for predictions")
    with faults():
        from api.cli import evaluate_tables
        from eval.formats.results import write_result
        from eval.scoring import score_predictions_file, score_run_file
        from indexing.sample import questions_path
        from qa.experiments.sources import SAMPLE

        if qrels is not None:
            result = score_run_file(file, qrels, metric or ())
        else:
            result = score_predictions_file(
                file,
                str(questions_path()) if gold == SAMPLE else gold or "",
                split,
                data,
                no_answer,
                threshold=threshold,
                merge=merge,
                metrics=metric or (),
            )
        if out is not None:
            write_result(out, result)
        if as_json:
            output.print_json([evaluate_tables.tree(result, [])])
        else:
            evaluate_tables.show_result(result, [])


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
    with faults():
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
