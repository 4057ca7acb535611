"""The templates of the page, and answers that are a page for a person and JSON for a program."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from gcmtag.objectives import CLUSTERS, OBJECTIVES, ROLES

_TITLES: Final = {
    401: "An API key is needed",
    403: "Not from there",
    404: "Not found",
    408: "Too slow",
    413: "Too large",
    422: "This cannot be tagged",
    429: "Too many at once",
    503: "Not ready yet",
}


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("gcmtag.serving"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"objectives": OBJECTIVES, "clusters": CLUSTERS, "roles": ROLES}
    return made


_TEMPLATES: Final = _environment()


def page(
    template: str, values: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A page from a template; everything that is put into it is escaped."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(**values), status, dict(headers or {}))


def problem(
    scope: Scope,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """Why something was not done: a page where a browser shows the answer to a person, else JSON."""
    wanted = Headers(scope=scope).get("accept", "")
    if "text/html" in wanted and not scope["path"].startswith("/v1/"):
        title = _TITLES.get(status, "This did not work")
        return page("problem.html.j2", {"title": title, "detail": detail}, status, headers)
    return JSONResponse({"detail": detail, "errors": list(errors)}, status, dict(headers or {}))
