"""JSON bodies as RFC 8259 means them, and nothing that Python's parser lets through besides."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request as StarletteRequest


def parse(body: bytes) -> Any:
    """The value that ``body`` holds; raises ``HTTPException(400)`` saying what is wrong."""
    try:
        value = json.loads(
            body.decode("utf-8"), parse_constant=_constant, object_pairs_hook=_object
        )
        # A lone surrogate cannot be stored, hashed or sent back as UTF-8: stop it here.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise HTTPException(400, "The body nests deeper than any request needs.") from None
    except UnicodeDecodeError:
        raise HTTPException(400, "The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise HTTPException(400, "The body has an unpaired surrogate escape.") from None
    except json.JSONDecodeError as error:
        raise HTTPException(
            400, f"The body is not JSON: {error.msg} at character {error.pos}."
        ) from None
    except ValueError as error:
        raise HTTPException(400, f"The body is not JSON: {error}.") from None
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object has the same key twice")
    return made


def require_json(request: StarletteRequest) -> None:
    """Refuse (415) a body that is not said to be plain, uncompressed JSON in UTF-8."""
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    charset = str(message.get_param("charset", "utf-8")).lower()
    if message.get_content_type() != "application/json" or charset not in ("utf-8", "us-ascii"):
        raise HTTPException(415, "Send the body as 'Content-Type: application/json' in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "Send the body uncompressed, without Content-Encoding.")


class StrictRequest(Request):
    """A request whose JSON is parsed by :func:`parse`."""

    async def json(self) -> Any:
        """The body's JSON value."""
        if not hasattr(self, "_json"):
            self._json = parse(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that reads its body, if it takes one, as strict JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a :class:`StrictRequest`."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if self.body_field is not None:
                require_json(request)
            return await handler(StrictRequest(request.scope, request.receive))

        return strict
