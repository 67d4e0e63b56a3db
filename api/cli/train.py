"""``reviewqa train``: make a reader of one's own; needs the extra ``train``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import options
from api.cli.failures import Failure

app = typer.Typer(help="Train models.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    pass


@app.command()
def reader(
    config: Annotated[Path, typer.Option(help="Recipe, a YAML file.")],
    data: Annotated[Path, typer.Option(help="Folder with the labelled questions.")],
    out: Annotated[Path, typer.Option(help="Folder for the trained reader.")],
    resume: Annotated[
        bool,
        typer.Option("--resume/--no-resume", help="Go on where an earlier run in OUT stopped."),
    ] = True,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Overrule a value of the recipe."),
    ] = None,
) -> None:
    """Train a reader from a recipe and labelled questions."""
    options.quiet()
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise Failure("training needs torch: pip install 'reviewqa[train]'")
    from qa.training.make_reader import make_reader

    made = make_reader(
        config, data=data, out=out, resume=resume, overrides=settings or (), report=_progress
    )
    typer.echo(f"trained: {made}")


def _progress(values: Mapping[str, Any]) -> None:
    typer.echo(" ".join(f"{name}={_short(value)}" for name, value in values.items()), err=True)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
