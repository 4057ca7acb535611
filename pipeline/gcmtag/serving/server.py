"""Runs the application until it is asked to stop."""

import logging
import socket
from typing import Final

import uvicorn

from gcmtag.errors import UsageError
from gcmtag.serving.app import create_app
from gcmtag.serving.settings import Settings
from gcmtag.serving.watching import log, log_to

SECONDS_TO_ANSWER: Final = 30  # that open requests get when the service stops


def serve(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM; then finishes or hands back its jobs.

    Raises:
        UsageError: the state folder or the port cannot be used.
    """
    listening = _socket(settings)
    log_to()
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_ANSWER,
    )
    log("listening", host=settings.host, port=listening.getsockname()[1])
    uvicorn.Server(config).run([listening])


def _socket(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"cannot listen on {settings.host}, port {settings.port} ({error}): choose another --port"
        ) from error
