"""``reviewqa ask``: one question about one product, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import options, output
from api.cli.failures import Failure

if TYPE_CHECKING:
    from api.settings import Settings
    from indexing.engines.base import Engine
    from qa.records import AskResult


def ask(
    question: Annotated[str, typer.Argument(help="The question, in your own words.")],
    product: Annotated[str, typer.Option("--product", "-p", metavar="ID", help="About which.")],
    top_k: Annotated[int, typer.Option(min=1, max=50, help="At most so many answers.")] = 3,
    passages: Annotated[int, typer.Option(min=1, max=100, help="Passages to read.")] = 10,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Least confidence of an answer; the model's if absent."),
    ] = None,
    pipeline: options.Pipeline = None,
    model: options.Model = None,
    store: options.Store = options.DEFAULT_STORE,
    as_json: options.Json = False,
) -> None:
    """Ask a question about a product and show the reviews that answer it."""
    from api.settings import load_settings

    chosen = load_settings(pipeline=pipeline, model=model)
    with options.opened(store) as engine:
        result = _answer(engine, chosen, question, product, top_k, passages, threshold)
    if as_json:
        from api.convert import ask_response

        output.print_json(ask_response(result))
    else:
        from api.cli.render import show_result

        show_result(output.console(), result)


def _answer(
    engine: Engine,
    settings: Settings,
    question: str,
    product: str,
    top_k: int,
    passages: int,
    threshold: float | None,
) -> AskResult:
    from contextlib import closing

    from api.service import open_answerer
    from api.suggestions import near_products
    from qa.errors import ProductNotFound

    with closing(open_answerer(engine, settings)) as answerer:
        try:
            return answerer.ask(
                question, product_id=product, top_k=top_k, passages=passages, threshold=threshold
            )
        except ProductNotFound as error:
            near = near_products(engine, product)
            hint = f"did you mean {', '.join(near)}?" if near else "see `reviewqa products`"
            raise Failure(f"{error}; {hint}") from error
