"""``/v1/products``: which products there are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from api.convert import product_out
from api.errors import not_found
from api.models import PRODUCT_EXAMPLE, ProductOut, ProductPage, ProductQuery
from api.openapi import problems
from api.routes.common import ServiceDep, look_up
from api.suggestions import near_products

router = APIRouter(prefix="/v1", tags=["products"])
ProductId = Annotated[str, Path(description="May hold slashes.", examples=[PRODUCT_EXAMPLE])]


@router.get("/products", operation_id="products", responses=problems(422, 503))
async def products(
    asked: Annotated[ProductQuery, Query()], request: Request, service: ServiceDep
) -> ProductPage:
    """List products, those with most reviews first."""
    # One more than asked for tells whether there is another page.
    found = await look_up(
        request,
        service,
        ("products", asked.query, asked.limit, asked.offset),
        lambda engine: engine.products(
            asked.query or None, limit=asked.limit + 1, offset=asked.offset
        ),
    )
    more = asked.offset + asked.limit if len(found) > asked.limit else None
    page = [product_out(product) for product in found[: asked.limit]]
    return ProductPage(products=page, limit=asked.limit, offset=asked.offset, next_offset=more)


@router.get(
    "/products/{product_id:path}", operation_id="product", responses=problems(404, 422, 503)
)
async def product(product_id: ProductId, request: Request, service: ServiceDep) -> ProductOut:
    """One product's summary."""
    found = await look_up(
        request, service, ("product", product_id), lambda engine: engine.product(product_id)
    )
    if found is not None:
        return product_out(found)
    near = await look_up(
        request, service, ("near", product_id), lambda engine: near_products(engine, product_id)
    )
    raise not_found("product", "The store has no review of that product.", suggestions=near)
