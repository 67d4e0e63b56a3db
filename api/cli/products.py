"""``reviewqa products``: what one can ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import options, output

if TYPE_CHECKING:
    from indexing.records import ProductSummary


def products(
    query: Annotated[str, typer.Argument(help="Part of an id or title.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Skip so many.")] = 0,
    store: options.Store = options.DEFAULT_STORE,
    as_json: options.Json = False,
) -> None:
    """List the products of a store, those with most reviews first."""
    with options.opened(store) as engine:
        found = engine.products(query or None, limit=limit, offset=offset)
    if as_json:
        output.print_json(found)
    else:
        _show(found, query)


def _show(found: list[ProductSummary], query: str) -> None:
    screen = output.console()
    if not found:
        typer.echo(f"no product matches {query!r}" if query else "the store is empty", err=True)
    elif screen.is_terminal:
        table = output.table("product", "title", "reviews", "mean rating", right=("reviews",))
        for product in found:
            table.add_row(*_row(product))
        screen.print(table)
    else:  # for other programs: a line each, nothing cut
        for product in found:
            typer.echo("\t".join(_row(product)))


def _row(product: ProductSummary) -> tuple[str, ...]:
    mean = "" if product.mean_rating is None else f"{product.mean_rating:.1f}"
    return (
        output.flat(product.id),
        output.flat(product.title or ""),
        str(product.reviews),
        mean,
    )
