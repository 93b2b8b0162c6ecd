"""The API's description for machines and people: OpenAPI, and Swagger UI out of a package, without a CDN."""

import json
from importlib import metadata
from pathlib import Path

from aiohttp import web
from openapi_ui_bundles import swagger_ui

from bot.api import openapi
from bot.api.routes import BASE

DOCS = "/api/docs"
_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
#: The page may load what we serve and ask us; nothing else.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    )
)
_SCRIPT = (
    'SwaggerUIBundle({url: "'
    + BASE
    + '/openapi.json", dom_id: "#reference", deepLinking: true, persistAuthorization: false, '
    'defaultModelsExpandDepth: 0, docExpansion: "list"})\n'
)
_PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tocsin API</title>
<link rel="icon" href="{DOCS}/favicon-32x32.png">
<link rel="stylesheet" href="{DOCS}/swagger-ui.css">
<style>body {{ margin: 0; background: #fff }}</style>
<main id="reference"></main>
<script src="{DOCS}/swagger-ui-bundle.js"></script>
<script src="{DOCS}/start.js"></script>
</html>
"""


def routes() -> list[web.RouteDef]:
    return [
        web.get(f"{BASE}/openapi.json", _openapi),
        web.get(DOCS, _page),
        web.get(f"{DOCS}/start.js", _start),
        web.get(f"{DOCS}/{{file}}", _file),
    ]


def version() -> str:
    try:
        return metadata.version("tocsin")
    except metadata.PackageNotFoundError:
        return "0.1.0"  # runs from a checkout


async def _openapi(request: web.Request) -> web.Response:
    return web.json_response(openapi.document(version()), dumps=json.dumps)


async def _page(request: web.Request) -> web.Response:
    headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
    return web.Response(text=_PAGE, content_type="text/html", headers=headers)


async def _start(request: web.Request) -> web.Response:
    return web.Response(text=_SCRIPT, content_type="text/javascript")


async def _file(request: web.Request) -> web.StreamResponse:
    name = request.match_info["file"]
    if name not in _FILES:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "public, max-age=86400", "Content-Type": _FILES[name]}
    return web.FileResponse(Path(swagger_ui.static_path) / name, headers=headers)
