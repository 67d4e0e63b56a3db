"""The web page, and the API reference: rendered here, nothing loaded from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import Response

from api.models import PRODUCT_EXAMPLE, QUESTION_EXAMPLE
from api.reference import operations, prose, values
from api.settings import Settings

HERE = Path(__file__).resolve().parent.parent
_PAGES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters |= {"values": values, "prose": prose}


def install(app: FastAPI, settings: Settings) -> None:
    """Serve ``/``, ``/static`` and, if the settings say so, ``/docs``."""
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.include_router(_page_router(settings))
    if settings.docs:
        app.include_router(_reference_router())


def _page_router(settings: Settings) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    page = _render("page.html", max_question=settings.max_question_chars, docs=settings.docs)

    @router.get("/")
    async def index() -> Response:
        return page

    @router.get("/favicon.ico")
    async def favicon() -> Response:
        return Response(status_code=308, headers={"Location": "/static/icon.svg"})

    return router


def _reference_router() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def reference(request: Request) -> Response:
        document: dict[str, Any] = request.app.openapi()
        return _render(
            "reference.html",
            api=document,
            operations=operations(document),
            base=str(request.base_url).rstrip("/"),
            example=json.dumps({"question": QUESTION_EXAMPLE, "product_id": PRODUCT_EXAMPLE}),
        )

    return router


def _render(name: str, **values: Any) -> HTMLResponse:
    html = _PAGES.get_template(name).render(**values)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})
