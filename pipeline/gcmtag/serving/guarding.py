"""Around every request: who asks, how much may be sent, what is logged and counted, what browsers may do."""

import asyncio
import base64
import binascii
import logging
import re
import time
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gcmtag.serving.rendering import problem
from gcmtag.serving.settings import Settings, is_loopback, owner_of
from gcmtag.serving.watching import Figures, described, log

OPEN_ROUTES: Final = frozenset({"/healthz", "/readyz"})
ANYBODY: Final = "anybody"  # the owner of all jobs where no keys are asked for
SECONDS_BETWEEN_PIECES: Final = 30.0
TOO_SLOW: Final = "the body came too slowly; send it again"

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """The outermost layer; see the module."""

    def __init__(self, app: ASGIApp, settings: Settings, figures: Figures) -> None:
        self._app, self._settings, self._figures = app, settings, figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request; everything else (the life of the server) is passed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, sent = time.monotonic(), 0, 0
        request_id = uuid.uuid4().hex[:16]
        scope.setdefault("state", {})
        error: BaseException | None = None

        async def sending(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Request-ID"] = request_id
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, sending)
            else:
                await self._app(scope, self._bounded(receive), sending)
        except ClientDisconnect:
            status = 499
        except Exception as caught:  # its message may quote a document, so nobody else may print it
            error = caught
            if not status:
                await problem(scope, 500, "something went wrong here; it is in the log of the service")(
                    scope, receive, sending
                )
        self._note(scope, status, request_id, time.monotonic() - began, sent, error)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["path"] in OPEN_ROUTES:
            return None
        if self._settings.keys:
            owner = owner_of(given_key(headers), self._settings.keys)
            if owner is None:
                return problem(
                    scope,
                    401,
                    "an API key is needed: send it as 'Authorization: Bearer KEY'",
                    {"WWW-Authenticate": 'Bearer realm="gcmtag", Basic realm="gcmtag: the API key is the password"'},
                )
        else:
            owner = ANYBODY
            # A name of somebody else that leads here would let that page's scripts read this one's answers.
            if not is_loopback(_host(headers.get("host", ""))):
                return problem(scope, 403, "without API keys the service answers only to localhost and 127.0.0.1")
        scope["state"]["owner"] = owner
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"} and _from_elsewhere(headers):
            return problem(scope, 403, "another web page sent this request; use the page of this service")
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._settings.most_bytes:
            return self._too_large(scope)
        return None

    def _bounded(self, receive: Receive) -> Receive:
        size = 0

        async def receiving() -> Message:
            nonlocal size
            try:
                message = await (receive() if size < 0 else asyncio.wait_for(receive(), SECONDS_BETWEEN_PIECES))
            except TimeoutError:
                raise HTTPException(408, TOO_SLOW) from None
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                if size > self._settings.most_bytes:
                    raise HTTPException(413, self._too_large_text())
                if not message.get("more_body"):
                    size = -1  # what comes next is the end of the connection, for which there is no hurry
            return message

        return receiving

    def _too_large(self, scope: Scope) -> Response:
        return problem(scope, 413, self._too_large_text(), {"Connection": "close"})

    def _too_large_text(self) -> str:
        return f"the body is larger than {self._settings.most_bytes:,} bytes: send less at once"

    def _note(
        self, scope: Scope, status: int, request_id: str, seconds: float, sent: int, error: BaseException | None
    ) -> None:
        # The template of the path, since the path itself holds ids of jobs.
        route = getattr(scope.get("route"), "path", "") or "other"
        self._figures.requests.labels(scope["method"], route, status).inc()
        self._figures.seconds.labels(route).observe(seconds)
        if status in {413, 429}:
            self._figures.refused.labels(status).inc()
        if route in OPEN_ROUTES and status == 200:
            return
        log(
            "request",
            level=logging.ERROR if error is not None or status == 500 else logging.INFO,
            request=request_id,
            method=scope["method"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000),
            bytes_sent=sent,
            owner=scope["state"].get("owner"),
            **({"texts": scope["state"]["texts"]} if "texts" in scope["state"] else {}),
            **described(error),
        )


def given_key(headers: Headers) -> str | None:
    """The API key of a request: a bearer token, the header X-API-Key, or the password of a browser's dialogue."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None
    return headers.get("x-api-key")


def _from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that the page of another site sent the request."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host", "")


def _host(value: str) -> str:
    """A Host header without its port."""
    return re.sub(r":\d+$", "", value).strip("[]")
