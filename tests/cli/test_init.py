"""`mockstore init`: what it finds in a project, and whether the test that it writes passes there."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import Result

from mockstore.cli.project_scan import Consumer, consumer_in
from mockstore.cli.starter import starter_for

FLASK = {
    "shop/__init__.py": "",
    "shop/web.py": """
import hashlib, hmac, json, os
from flask import Flask, request

def create_app():
    app = Flask(__name__)
    secret = os.environ["PETSTORE_WEBHOOK_SECRET"]

    @app.post("/hooks/petstore")
    def hook():
        expected = "sha256=" + hmac.new(secret.encode(), request.data, hashlib.sha256).hexdigest()
        found = request.headers.get("X-Webhook-Signature", "")
        if not hmac.compare_digest(expected.encode(), found.encode()):
            return "", 401
        try:
            json.loads(request.data)["id"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return "", 400
        return "", 204

    return app
""",
}
FASTAPI = {
    "hotline.py": """
import json, os
from fastapi import FastAPI, HTTPException, Request
from standardwebhooks import Webhook, WebhookVerificationError

app = FastAPI()

@app.post("/webhooks/pets", status_code=204)
async def take(request: Request):
    body = await request.body()
    try:
        Webhook(os.environ["HOOK_SECRET"]).verify(body, dict(request.headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        raise HTTPException(401)
    try:
        json.loads(body)["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise HTTPException(400)
""",
}
DJANGO = {
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = agency.settings\npythonpath = .\n",
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'agency.settings')\n",
    "agency/__init__.py": "",
    "agency/settings.py": """
SECRET_KEY = "x"
ROOT_URLCONF = "agency.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "a.db"}}
USE_TZ = True
PETSTORE_SECRET = "whsec_eA=="
""",
    "agency/urls.py": """
import hashlib, hmac, json
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

@csrf_exempt
def hook(request):
    expected = "sha256=" + hmac.new(settings.PETSTORE_SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), request.headers.get("X-Webhook-Signature", "").encode()):
        return HttpResponse(status=401)
    try:
        json.loads(request.body)["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return HttpResponse(status=400)
    return HttpResponse(status=204)

urlpatterns = [path("hooks/petstore", hook)]
""",
}


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        pytest.param(
            FLASK,
            Consumer("flask", "shop.web", "create_app", True, "/hooks/petstore", "PETSTORE_WEBHOOK_SECRET"),  # noqa: FBT003 - as it is written there
            id="a factory of Flask",
        ),
        pytest.param(
            FASTAPI,
            Consumer("fastapi", "hotline", "app", False, "/webhooks/pets", "HOOK_SECRET", is_standard=True),  # noqa: FBT003 - as it is written there
            id="an app of FastAPI",
        ),
        pytest.param(
            DJANGO,
            Consumer("django", path="/hooks/petstore", secret="PETSTORE_SECRET", settings="agency.settings"),
            id="a project of Django",
        ),
        pytest.param({"a.py": "import flask"}, Consumer("flask"), id="an import and no app"),
        pytest.param({"requirements.txt": "FastAPI>=0.1"}, Consumer("fastapi"), id="a requirement"),
        pytest.param({"src/pkg/app.py": "app = Flask(__name__)"}, Consumer("flask", "pkg.app"), id="below src"),
        pytest.param({"a.py": "app = Flask(", "b.py": "import os"}, None, id="what cannot be parsed"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_the_consumer_is_found_by_reading(sources: Mapping[str, str], found: Consumer | None) -> None:
    assert consumer_in(sources) == found


@pytest.mark.parametrize("sources", [FLASK, FASTAPI, DJANGO], ids=["flask", "fastapi", "django"])
def test_the_starter_passes_in_the_project_it_was_written_for(tmp_path: Path, sources: Mapping[str, str]) -> None:
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO", "COV"))}
    here = {"cwd": tmp_path, "env": kept, "capture_output": True, "text": True, "encoding": "utf-8", "timeout": 60}
    command = Path(sys.executable).with_name("mockstore")

    written = subprocess.run([command, "init"], check=False, **here)  # type: ignore[call-overload]  # keywords of one dict
    ran = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:randomly", "-q"], check=False, **here)  # type: ignore[call-overload]  # keywords of one dict

    assert (written.returncode, "adapt" in written.stdout) == (0, False), written
    assert ran.returncode == 0, ran.stdout
    assert " failed" not in ran.stdout


BLUEPRINT = "from flask import Blueprint\nbp = Blueprint('hooks', __name__{})\n@bp.post('/petstore')\ndef hook(): ...\n"
FLASK_APP = "from flask import Flask\nfrom shop.hooks import bp\napp = Flask('x')\napp.register_blueprint(bp{})\n"
ROUTER = "from fastapi import APIRouter\nrouter = APIRouter({})\n@router.post('/petstore')\ndef hook(): ...\n"
FASTAPI_APP = (
    "from fastapi import FastAPI\nfrom .api import hooks, pets\napp = FastAPI()\n"
    "app.include_router(pets.router)\napp.include_router(hooks.router{})\n"
)
URLS = "from django.urls import path\nurlpatterns = [path('petstore/', hook)]\n"
ROOT_URLS = "from django.urls import include, path\nurlpatterns = [path('api/', {})]\n"


@pytest.mark.parametrize(
    ("sources", "path"),
    [
        pytest.param(
            {"shop/hooks.py": BLUEPRINT.format(", url_prefix='/hooks'"), "shop/web.py": FLASK_APP.format("")},
            "/hooks/petstore",
            id="a blueprint's own",
        ),
        pytest.param(
            {
                "shop/hooks.py": BLUEPRINT.format(", url_prefix='/hooks'"),
                "shop/web.py": FLASK_APP.format(", url_prefix='/v2'"),
            },
            "/v2/petstore",
            id="a blueprint's registration",
        ),
        pytest.param(
            {"shop/hooks.py": BLUEPRINT.format(""), "shop/web.py": FLASK_APP.format(", url_prefix=PREFIX")},
            None,
            id="a prefix that is no text",
        ),
        pytest.param({"hooks.py": BLUEPRINT.format("")}, None, id="a blueprint that nobody is seen to register"),
        pytest.param(
            {
                "shop/api/hooks.py": ROUTER.format("prefix='/hooks'"),
                "shop/api/pets.py": ROUTER.format("prefix='/pets'").replace("/petstore", "/all"),
                "shop/main.py": FASTAPI_APP.format(", prefix='/api'"),
            },
            "/api/hooks/petstore",
            id="a router's, and its include's",
        ),
        pytest.param(
            {
                "backend/shop/api/hooks.py": ROUTER.format(""),
                "backend/shop/api/__init__.py": "from shop.api.hooks import router as hook_router",
                "backend/shop/main.py": (
                    "from fastapi import FastAPI\nfrom shop.api import hook_router\napp = FastAPI()\n"
                    "app.include_router(hook_router, prefix='/in')\n"
                ),
            },
            "/in/petstore",
            id="handed on, in a folder below",
        ),
        pytest.param(
            {"manage.py": "", "shop/urls.py": URLS, "site/urls.py": ROOT_URLS.format("include('shop.urls')")},
            "/api/petstore/",
            id="an include",
        ),
        pytest.param(
            {"manage.py": "", "shop/urls.py": URLS, "site/urls.py": ROOT_URLS.format("include(('shop.urls', 'shop'))")},
            "/api/petstore/",
            id="an include with a namespace",
        ),
    ],
)
def test_prefixes_belong_to_the_path(sources: Mapping[str, str], path: str | None) -> None:
    found = consumer_in(sources)

    assert found is not None
    assert found.path == path


def test_what_was_not_found_is_marked() -> None:
    text = starter_for(Consumer("flask"))

    assert [line.strip() for line in text.splitlines() if "# adapt" in line] == [
        "from your_app import app  # adapt: where your app is",
        'PATH = "/webhooks/petstore"  # adapt: where your endpoint is',
        "# adapt: let your app know SECRET, by a variable or a setting, before it is made",
    ]
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("secret", [None, "HOOK_SECRET"], ids=["no secret", "a variable"])
def test_an_app_that_was_not_found_is_one_failure_at_the_line_to_edit(
    pytester: pytest.Pytester, secret: str | None
) -> None:
    pytester.makepyfile(test_it=starter_for(Consumer("flask", secret=secret)))

    result = pytester.runpytest_subprocess("-p", "no:randomly", f"--rootdir={pytester.path}")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "test_it.py:*: in <module>",
            "    from your_app import app  # adapt: where your app is",
            "E   ModuleNotFoundError: No module named 'your_app'",
        ]
    )


NO_ENDPOINT = "def app(environ, start):\n    start('{status}', [])\n    return [b'']\n"


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("path", [None, "/hooks"], ids=["not found", "misread"])
def test_an_endpoint_that_is_not_there_is_one_failure_that_says_where_it_was_looked_for(
    pytester: pytest.Pytester, path: str | None, status: int
) -> None:
    pytester.makepyfile(your_app=NO_ENDPOINT.format(status=f"{status} Not here"))
    pytester.makepyfile(test_it=starter_for(Consumer("flask", "your_app", "app", path=path)))

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-rs", f"--rootdir={pytester.path}")

    counts = result.parseoutcomes()
    assert (counts.pop("errors"), counts.pop("skipped") > 1, counts) == (1, True, {})
    tried = path or "/webhooks/petstore"
    result.stdout.fnmatch_lines([f"POST {tried} gets {status}: write into PATH where your endpoint is"])
    result.stdout.fnmatch_lines([f"SKIPPED *nothing is at {tried}"])


def test_a_handler_that_crashes_is_told_by_the_fault_that_crashed_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(your_app="def app(environ, start):\n    start('500 Oops', [])\n    return [b'']\n")
    pytester.makepyfile(test_it=starter_for(Consumer("flask", "your_app", "app", path="/in")))

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-k", "not_json", f"--rootdir={pytester.path}")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *not_json: it has to be refused by a 4xx, or acknowledged"])


@pytest.mark.parametrize(
    ("app", "line"),
    [
        pytest.param("a.b:app", "1 line is marked with «adapt»: complete what was not found", id="one"),
        pytest.param(None, "2 lines are marked with «adapt»: complete what was not found", id="two"),
    ],
)
@pytest.mark.usefixtures("project")
def test_it_counts_what_is_left_to_do(run: Callable[..., Result], app: str | None, line: str) -> None:
    result = run("init", "--framework", "flask", "--path", "/in", *(("--app", app) if app else ()))

    assert line in result.stdout.splitlines()


@pytest.mark.parametrize(("ini", "is_printed"), [("", True), (DJANGO["pytest.ini"], False)], ids=["nowhere", "there"])
def test_it_says_where_the_settings_of_django_have_to_be_named(
    project: Path, run: Callable[..., Result], ini: str, *, is_printed: bool
) -> None:
    (project / "pytest.ini").write_text(ini, "utf-8")

    said = run("init", "--framework", "django").stdout

    assert ("pytest skips it until pytest.ini has [pytest] and DJANGO_SETTINGS_MODULE" in said) == is_printed


@pytest.mark.usefixtures("project")
def test_it_says_how_to_run_the_test_without_further_settings(run: Callable[..., Result]) -> None:
    said = run("init", "--framework", "flask").stdout

    assert said.splitlines()[-1] == "run it: python -m pytest test_petstore_webhooks.py"


def test_it_names_the_settings_that_manage_py_names(project: Path, run: Callable[..., Result]) -> None:
    (project / "manage.py").write_text(DJANGO["manage.py"], "utf-8")

    assert "DJANGO_SETTINGS_MODULE = agency.settings" in run("init").stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_an_app_it_asks_for_the_framework(project: Path, run: Callable[..., Result]) -> None:
    result = run("init")

    assert result.exit_code == 2
    assert result.stderr == (
        f"mockstore: no Flask, Django or FastAPI app below {project}; say --framework django|fastapi|flask\n"
    )


def test_a_file_that_is_there_is_kept(project: Path, run: Callable[..., Result]) -> None:
    (project / "test_petstore_webhooks.py").write_text("mine", "utf-8")

    result = run("init", "--framework", "flask")

    assert (result.exit_code, (project / "test_petstore_webhooks.py").read_text("utf-8")) == (2, "mine")
    assert "is there already; --force writes over it" in result.stderr


@pytest.mark.usefixtures("project")
def test_it_can_be_told_what_it_would_not_find(run: Callable[..., Result]) -> None:
    result = run("init", "--framework", "flask", "--app", "a.b:make()", "--path", "in", "--print")

    assert "from a.b import make" in result.stdout
    assert "app = make()\n    must_be_there(app, tried)\n    return mockstore.subscribe(app, path=PATH" in result.stdout
    assert 'PATH = "/in"' in result.stdout
