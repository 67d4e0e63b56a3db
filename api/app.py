"""The web application, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api import openapi
from api.middleware.bodies import BoundedBody
from api.middleware.context import RequestContext
from api.middleware.head import HeadAsGet
from api.middleware.hosts import AllowedHosts
from api.responses import install_handlers
from api.routes import health, page, products, reviews
from api.routes.ask import ask_router
from api.service import Service
from api.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application for ``settings``, else for those of the environment.

    Its lifespan opens the store and the reader in the background and closes them; until they
    are open ``/readyz`` and everything under ``/v1`` answer 503.
    """
    settings = settings if settings is not None else Settings()
    app = FastAPI(
        title="reviewqa",
        version=version("reviewqa"),
        description=openapi.DESCRIPTION,
        lifespan=_lifespan(settings),
        docs_url=None,  # FastAPI's own reference loads scripts from other hosts
        redoc_url=None,
        redirect_slashes=False,
    )
    install_handlers(app)
    for router in (ask_router(settings), products.router, reviews.router, health.router):
        app.include_router(router)
    page.install(app, settings)
    openapi.install(app)
    _surround(app, settings)
    return app


def _surround(app: FastAPI, settings: Settings) -> None:
    """The last one added is the outermost."""
    app.add_middleware(HeadAsGet)
    app.add_middleware(
        BoundedBody, max_bytes=settings.max_body_bytes, seconds=settings.body_timeout_seconds
    )
    app.add_middleware(AllowedHosts, allowed=settings.host_names())
    app.add_middleware(RequestContext)


def _lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = Service(settings)
        app.state.service.start()
        try:
            yield
        finally:
            await app.state.service.stop()

    return lifespan
