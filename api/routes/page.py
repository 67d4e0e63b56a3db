"""The web page, and the API reference: rendered here, nothing loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import Response

from api.settings import Settings

HERE = Path(__file__).resolve().parent.parent
_PAGES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


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
        return _render("reference.html", api=document, operations=operations(document))

    return router


def _render(name: str, **values: Any) -> HTMLResponse:
    html = _PAGES.get_template(name).render(**values)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Each operation of an OpenAPI document with its path, method and body fields."""
    return [
        {"path": path, "method": method.upper(), "fields": _fields(document, spec), **spec}
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]


def _fields(document: dict[str, Any], spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Parameters and body fields in one shape."""
    found = [
        {"name": item["name"], "where": item["in"], "required": item.get("required", False)}
        | {"schema": item["schema"], "description": item.get("description", "")}
        for item in spec.get("parameters", ())
    ]
    content = spec.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return found
    body = document["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[-1]]
    required = body.get("required", ())
    return found + [
        {"name": name, "where": "body", "required": name in required}
        | {"schema": schema, "description": schema.get("description", "")}
        for name, schema in body["properties"].items()
    ]
