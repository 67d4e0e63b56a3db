"""``reviewqa eval``: measure retrievers, readers and whole pipelines, one by one or by a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from api.cli import evaluate_report, options, output
from api.cli.evaluate_options import KINDS, RUN, RUN_HELP, said, taking
from api.cli.failures import Failure
from api.cli.progress import watched

if TYPE_CHECKING:
    from eval.folds import Spread
    from eval.results import Result
    from qa.experiments.config import Experiment, Kind

app = typer.Typer(
    help="Measure retrievers, readers and pipelines; score and compare files.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    pass


def _command(kind: Kind) -> Callable[..., None]:
    def run(**given: Any) -> None:
        values = said(given)
        with faults():
            _measure(_experiment(kind, values), given)

    return run


for _kind, (_help, _names) in KINDS.items():
    app.command(_kind, help=_help)(taking(_names, _command(_kind)))


def _run(experiment: str, **given: Any) -> None:
    with faults():
        from qa.experiments.config import load_experiment

        values = {name: given[name] for name in ("limit", "folds") if given[name] is not None}
        _measure(load_experiment(experiment).changed(values), given)


app.command("run", help=RUN_HELP)(taking(RUN, _run))


@app.command()
def metrics(as_json: options.Json = False) -> None:
    """List every metric with its definition and source."""
    from eval.metrics.catalogue import CATALOGUE

    if as_json:
        output.print_json(CATALOGUE)
        return
    table = output.table("metric", "unit", "better", "what it is", "source")
    for one in CATALOGUE:
        better = "higher" if one.higher_is_better else "lower"
        table.add_row(one.name, one.unit, better, one.meaning, one.source)
    output.console().print(table)


@contextmanager
def faults() -> Iterator[None]:
    """Errors of evaluation are worded for people."""
    options.quiet()
    from eval.errors import EvalError

    try:
        yield
    except EvalError as error:
        raise Failure(str(error)) from error


def _experiment(kind: Kind, values: dict[str, Any]) -> Experiment:
    from qa.experiments.config import load_experiment, single_run

    config = values.pop("config", None)
    if config is not None:
        return load_experiment(config).of(kind, config).changed(values)
    if "datasets" not in values:
        raise typer.BadParameter("name a data set, or an experiment with --config")
    return single_run(kind, values.pop("datasets"), values)


def _measure(experiment: Experiment, given: Mapping[str, Any]) -> None:
    """Run it, and print every result as soon as there is one; JSON at the end, as one list."""
    from api.cli import evaluate_tables
    from qa.experiments.suite import left_out, steps

    trees, results = [], []
    todo = steps(experiment, given["data"], given["out"])
    for line in left_out(experiment):
        typer.echo(output.flat(f"left out: {line}"), err=True)
    for step in todo:
        result = watched(step.title, step.run)
        results.append(result)
        spreads = spreads_of(result, step.folds)
        if given["as_json"]:
            trees.append(evaluate_tables.tree(result, spreads))
        else:
            evaluate_tables.show_result(result, spreads)
    evaluate_report.also(given["report"], results)
    if given["as_json"]:
        output.print_json(trees)


def spreads_of(result: Result, folds: int) -> list[Spread]:
    """Mean and deviation of every column over folds grouped by product; none without folds."""
    from eval.folds import group_folds, groups_of, spread

    return spread(result.columns, group_folds(groups_of(result.asked), folds)) if folds else []
