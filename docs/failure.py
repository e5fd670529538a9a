"""Makes docs/pictures/failure.png, the picture of a failing test's report: python docs/failure.py. Needs Chromium."""

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import sync_playwright

PICTURE: Final = Path(__file__).parent / "pictures" / "failure.png"

TEST: Final = """import hashlib, hmac
from flask import Flask, request

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1zaG9w"
shop = Flask(__name__)

@shop.post("/webhooks/petstore")
def webhook():
    body = str(request.get_json()).encode()  # not the bytes that came
    expected = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers["X-Webhook-Signature"]):
        return "wrong signature", 401
    return "", 204

def test_an_adoption_is_accepted(mockstore):
    mockstore.subscribe(shop, secret=SECRET)
    mockstore.emit("pet.adopted").assert_acknowledged()
"""

STYLE: Final = """
body { margin: 0; background: #16181d; color: #d5d8de; }
pre { margin: 0; padding: 20px 24px; font: 13px/1.5 "DejaVu Sans Mono", monospace; white-space: pre-wrap; }
.c1 { font-weight: bold } .c31 { color: #ff7b72 } .c32 { color: #7ee787 } .c33 { color: #e3b341 }
.c90, .c2 { color: #8b949e } .c94 { color: #79c0ff } .c95 { color: #d2a8ff } .c96 { color: #a5d6ff }
"""
_CODE: Final = re.compile(r"\x1b\[([\d;]*)m")


def report() -> str:
    """Return what pytest prints for the failing test, with terminal colours."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO", "COV"))
    }
    with TemporaryDirectory() as folder:
        (Path(folder) / "test_shop.py").write_text(TEST, "utf-8")
        options = ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:django", "--color=yes", "-q", "--tb=short"]
        run = subprocess.run(  # noqa: S603 - the command is written here
            [sys.executable, "-m", "pytest", *options, "-rN", "-o", "asyncio_default_fixture_loop_scope=function"],
            cwd=folder,
            env=environment | {"COLUMNS": "112"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
    return "$ pytest -q --tb=short\n" + run.stdout.strip()


def page(text: str) -> str:
    """Return the text as an HTML page; terminal colours become CSS classes."""
    parts = _CODE.split(text)
    spans = [html.escape(parts[0])]
    for codes, part in zip(parts[1::2], parts[2::2], strict=True):
        classes = " ".join(f"c{code}" for code in codes.split(";") if code not in ("", "0"))
        spans.append(f'<span class="{classes}">{html.escape(part)}</span>')
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><pre>{''.join(spans)}</pre>"


def main() -> None:
    """Make the picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        shown = browser.new_page(viewport={"width": 980, "height": 200})
        shown.set_content(page(report()))
        PICTURE.parent.mkdir(exist_ok=True)
        shown.screenshot(path=PICTURE, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
