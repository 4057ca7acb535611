"""The HTTP service and the page at its root: thin layers over the tagger, with a queue, jobs and limits."""

from gcmtag.serving.app import create_app
from gcmtag.serving.server import serve
from gcmtag.serving.settings import Settings

__all__ = ["Settings", "create_app", "serve"]
