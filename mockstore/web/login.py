"""The login page at `/_mockstore/login`: a form for the control token, which is then kept in a cookie."""

from typing import Final

from flask import Blueprint, Response, request

from mockstore.web.guard import CONTROL, LOGIN, enter, here, is_let_in, is_token, send_to

routes = Blueprint("login", __name__)

_HOME: Final = f"{CONTROL}/"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mockstore: control token</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
main {{ max-width: 26rem; margin: 15vh auto 0; padding: 0 1rem; }}
input, button {{ font: inherit; padding: .5rem .75rem; width: 100%; box-sizing: border-box; margin-top: .5rem; }}
</style>
</head>
<body>
<main>
<h1>mockstore</h1>
<p>This server is directed by whoever has its control token: the one that <code>mockstore serve</code> was given, or
that it printed when it started.</p>
{said}<form method="post" action="{action}">
<label for="token">Control token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Enter</button>
</form>
</main>
</body>
</html>
"""
_WRONG: Final = '<p role="alert"><strong>That is not the token.</strong></p>\n'


@routes.get("/login")
def form() -> Response:
    """Show the form; redirect a browser that is logged in already."""
    return send_to(here(_HOME)) if is_let_in() else _page(200, "")


@routes.post("/login")
def log_in() -> Response:
    """Log in with the right token; show the form again for a wrong one."""
    if is_token(request.form.get("token", "").strip()):
        return enter(here(_HOME))
    return send_to(here(_HOME)) if is_let_in() else _page(401, _WRONG)


def _page(status: int, said: str) -> Response:
    page = _PAGE.format(said=said, action=here(LOGIN))
    return Response(page, status, headers=_HEADERS, mimetype="text/html")
