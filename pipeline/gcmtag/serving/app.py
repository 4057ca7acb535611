"""The application: its routes, how errors are answered, and its life from start to graceful stop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

import gcmtag
from gcmtag.errors import DocumentError
from gcmtag.serving import api, pages
from gcmtag.serving.batching import Busy, NotReady
from gcmtag.serving.guarding import Guard
from gcmtag.serving.rendering import problem
from gcmtag.serving.service import Service
from gcmtag.serving.settings import Settings
from gcmtag.tagger import Tagger, load

_ABOUT: Final = (
    "Tags passages of migration policy documents with the 23 objectives of the Global Compact for Migration. "
    "Where the service has API keys, send one as `Authorization: Bearer KEY` or `X-API-Key: KEY`."
)


def create_app(settings: Settings, loader: Callable[[], Tagger] | None = None) -> FastAPI:
    """The service as an ASGI application.

    Args:
        settings: see there.
        loader: gives the model; by default the one that the settings name.

    Raises:
        UsageError: the state folder cannot be used.
    """
    service = Service.of(settings, loader or (lambda: load(settings.model)))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await asyncio.to_thread(service.stop)

    app = FastAPI(
        title="gcmtag",
        version=gcmtag.__version__,
        description=_ABOUT,
        lifespan=life,
        docs_url=None,  # these pages would load scripts from elsewhere
        redoc_url=None,
        middleware=[Middleware(Guard, settings=settings, figures=service.figures)],
        exception_handlers={
            HTTPException: _refused,
            RequestValidationError: _invalid,
            Busy: _busy,
            NotReady: _not_ready,
            DocumentError: _unreadable,
            ConnectionAbortedError: _gone,
        },
    )
    app.state.service = service
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers or {})
    if error.status_code in {408, 413}:
        headers["Connection"] = "close"
    return problem(request.scope, error.status_code, str(error.detail), headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    parts = [{"where": ".".join(map(_plain, item["loc"])), "message": _plain(item["msg"])} for item in error.errors()]
    return problem(request.scope, 422, "the request is not as described", errors=parts[:20])


async def _busy(request: Request, error: Exception) -> Response:
    assert isinstance(error, Busy)  # noqa: S101
    return problem(request.scope, 429, str(error), {"Retry-After": str(error.retry_after)})


async def _not_ready(request: Request, error: Exception) -> Response:
    return problem(request.scope, 503, str(error), {"Retry-After": "5"})


async def _unreadable(request: Request, error: Exception) -> Response:
    return problem(request.scope, 422, " ".join(str(error).split()))


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it; the log shows it


def _plain(value: Any) -> str:  # noqa: ANN401
    """Text that can be sent whatever a caller put into it."""
    return str(value).encode("utf-8", "replace").decode()
