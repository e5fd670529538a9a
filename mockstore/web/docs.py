"""`/v1/openapi.json`, and `/v1/docs`: the same document in Swagger UI, with all files from this server."""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from flask import Blueprint, Response, abort, request

from mockstore.settings import AuthMode
from mockstore.web.site import site

routes = Blueprint("docs", __name__)

_OPENAPI: Final = "/openapi.json"
_ASSETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "swagger-ui-bundle.js": "text/javascript",
        "swagger-ui.css": "text/css",
        "favicon-32x32.png": "image/png",
    }
)
"""The files of Swagger UI that the page needs, with their content types."""
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI writes styles into its elements, and holds icons as `data:`; scripts come from files only."""
_DAY: Final = "max-age=86400"
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Petstore API</title>
<link rel="icon" type="image/png" href="{here}/favicon-32x32.png">
<link rel="stylesheet" href="{here}/swagger-ui.css">
</head>
<body>
<main id="api" data-document="{above}/openapi.json"><noscript>This page needs JavaScript;
<a href="{above}/openapi.json">the document itself</a> does not.</noscript></main>
<script src="{here}/swagger-ui-bundle.js"></script>
<script src="{here}/start.js"></script>
</body>
</html>
"""
_START: Final = """\
const api = document.getElementById("api");
SwaggerUIBundle({
  url: api.dataset.document,
  domNode: api,
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: true,
  validatorUrl: null,
});
"""


@routes.get(_OPENAPI)
def openapi() -> Response:
    """Return the OpenAPI document with this server's URL."""
    return Response(
        _rendered(request.base_url.removesuffix(_OPENAPI), site().settings.auth), mimetype="application/json"
    )


@routes.get("/docs")
def page() -> Response:
    """Return the page."""
    here = request.path.rstrip("/")
    text = _PAGE.format(here=here, above=here.removesuffix("/docs"))
    return Response(text, mimetype="text/html", headers={"Content-Security-Policy": _POLICY})


@routes.get("/docs/start.js")
def start() -> Response:
    """Return the script that fills the page."""
    return Response(_START, mimetype="text/javascript", headers={"Cache-Control": _DAY})


@routes.get("/docs/<name>")
def asset(name: str) -> Response:
    """Return a file of Swagger UI."""
    if name not in _ASSETS:
        abort(404, f"no file {name!r}; there are: {', '.join(_ASSETS)}")
    content = files("flask_swagger_ui").joinpath("dist", name).read_bytes()
    return Response(content, mimetype=_ASSETS[name], headers={"Cache-Control": _DAY})


@lru_cache(maxsize=8)
def _rendered(base_url: str, auth: AuthMode) -> bytes:
    from mockstore.petstore.openapi import document  # noqa: PLC0415 - slow to import, and seldom used

    return json.dumps(document(base_url, auth), ensure_ascii=False, separators=(",", ":")).encode()
