"""``reviewqa train``: readers, encoders and rankers of one's own; needs the extra ``train``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import options
from api.cli.failures import Failure

Config = Annotated[
    Path, typer.Option(metavar="FILE|NAME", help="Recipe: a YAML file, or one that ships.")
]
Data = Annotated[Path, typer.Option(help="Folder with the labelled questions.")]
Out = Annotated[Path, typer.Option(help="Folder for the trained model.")]
Resume = Annotated[
    bool, typer.Option("--resume/--no-resume", help="Go on where an earlier run in OUT stopped.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Overrule a value of the recipe."),
]

app = typer.Typer(help="Train models.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    pass


@app.command()
def reader(
    config: Config,
    data: Data,
    out: Out,
    resume: Resume = True,
    settings: Settings = None,
    stage: Annotated[
        str | None,
        typer.Option(help="Train as far as this stage; the reader is OUT/reader-STAGE then."),
    ] = None,
) -> None:
    """Train a reader from a recipe (reader, book) and labelled questions."""
    _need_torch()
    from qa.training.make_reader import make_reader

    made = make_reader(
        config,
        data=data,
        out=out,
        resume=resume,
        overrides=settings or (),
        report=_progress,
        stage=stage,
    )
    typer.echo(f"trained: {made}")


@app.command()
def encoder(
    config: Config, data: Data, out: Out, resume: Resume = True, settings: Settings = None
) -> None:
    """Train a retrieval encoder from a recipe (encoder, dpr: two towers) and questions."""
    _need_torch()
    from qa.training.make_encoder import Job, make_encoder

    typer.echo(
        f"trained: {make_encoder(Job(config, data, out, resume, settings or (), _progress))}"
    )


@app.command()
def ranker(
    config: Config, data: Data, out: Out, resume: Resume = True, settings: Settings = None
) -> None:
    """Train a cross-encoder that ranks passages, from a recipe and labelled questions."""
    _need_torch()
    from qa.training.make_ranker import Job, make_ranker

    typer.echo(f"trained: {make_ranker(Job(config, data, out, resume, settings or (), _progress))}")


def _need_torch() -> None:
    options.quiet()
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise Failure("training needs torch: pip install 'reviewqa[train]'")


def _progress(values: Mapping[str, Any]) -> None:
    typer.echo(" ".join(f"{name}={_short(value)}" for name, value in values.items()), err=True)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
