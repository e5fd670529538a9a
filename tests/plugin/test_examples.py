"""Complete first tests of users, with consumers in real frameworks."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin.conftest import Run

ADOPTION = """
def test_adoption_creates_customer(mockstore, app, db):
    mockstore.subscribe(app, events=["pet.adopted"], path="/webhooks/petstore", secret=app.config["PETSTORE_SECRET"])
    event = mockstore.emit("pet.adopted", {"adopter": {"email": "ada@example.com"}})
    event.assert_acknowledged()
    assert db.customer("ada@example.com").pet_id == event.data["pet"]["id"]
"""

DATABASE = """
from dataclasses import dataclass

import pytest


@dataclass
class Customer:
    email: str
    pet_id: str


class Database:
    def __init__(self):
        self.customers = {}

    def add(self, event):
        data = event["data"]
        email = data["adopter"]["email"]
        self.customers[email] = Customer(email, data["pet"]["id"])

    def customer(self, email):
        return self.customers[email]


@pytest.fixture
def db():
    return Database()
"""

VERIFIED = """
import hashlib
import hmac

SECRET = "whsec_c2hvcC1hbmQtcGV0c3RvcmUtc2hhcmUtdGhpcw=="


def is_genuine(body, signature):
    expected = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)
"""

FLASK = (
    DATABASE
    + VERIFIED
    + """
from flask import Flask, request


@pytest.fixture
def app(db):
    app = Flask("shop")
    app.config["PETSTORE_SECRET"] = SECRET

    @app.post("/webhooks/petstore")
    def petstore():
        if not is_genuine(request.get_data(), request.headers["X-Webhook-Signature"]):
            return "bad signature", 401
        db.add(request.get_json())
        return "", 204

    return app
"""
)

FASTAPI = (
    DATABASE
    + VERIFIED
    + """
from fastapi import FastAPI, Header, HTTPException, Request


@pytest.fixture
def repo(db):
    return db


@pytest.fixture
def fastapi_app(db):
    app = FastAPI()
    app.seen = []

    @app.post("/webhooks/petstore", status_code=204)
    async def petstore(request: Request, x_webhook_signature: str = Header()):
        body = await request.body()
        if app.state.checks and not is_genuine(body, x_webhook_signature):
            raise HTTPException(401)
        event = await request.json()
        app.seen.append(event)
        if event["eventType"] == "pet.adopted":
            db.add(event)

    app.state.checks = False
    return app


@pytest.fixture
def app(fastapi_app):
    fastapi_app.state.checks = True
    fastapi_app.config = {"PETSTORE_SECRET": SECRET}
    return fastapi_app
"""
)


@pytest.mark.parametrize("conftest", [pytest.param(FLASK, id="flask"), pytest.param(FASTAPI, id="fastapi")])
def test_an_event_reaches_the_handler_and_its_database(run: "Run", conftest: str) -> None:
    run(ADOPTION, conftest=conftest).assert_outcomes(passed=1)


def test_a_handler_with_another_secret_is_found_out(run: "Run") -> None:
    result = run(ADOPTION.replace('app.config["PETSTORE_SECRET"]', '"whsec_b3RoZXI="'), conftest=FLASK)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E  *AssertionError: expected pet.adopted to be acknowledged",
            "E  *attempt 1: 401 'bad signature'",
            "E  *signature: what was sent verifies with the webhook's secret *; does the consumer use the same secret*",
        ]
    )


def test_the_whole_ladder_runs_in_no_time(run: "Run") -> None:
    result = run("""
def test_the_ladder(mockstore, mockstore_inbox):
    mockstore_inbox.will_answer(503)                                          # the last answer repeats
    event = mockstore.emit("order.created")
    mockstore.clock.advance(minutes=96)
    assert [received.attempt for received in mockstore_inbox.of("order.created")] == [1, 2, 3, 4, 5]
    assert [attempt.offset.total_seconds() for attempt in event.delivery.attempts] == [0, 60, 360, 2160, 5760]
    mockstore_inbox.webhook.assert_disabled()
""")

    result.assert_outcomes(passed=1)


def test_an_inbox_captures_and_judges(run: "Run") -> None:
    result = run("""
def test_capture_and_schema(mockstore, mockstore_inbox):
    mockstore.emit("payment.failed")
    received = mockstore_inbox.one("payment.failed")
    received.assert_valid()                                                   # schema, signature, headers: all mistakes
    assert received.event["data"]["error"]["code"] == "INSUFFICIENT_FUNDS"    # events are plain dicts
""")

    result.assert_outcomes(passed=1)


ASYNC = """
import pytest


@pytest.mark.{mark}
async def test_fastapi(mockstore, fastapi_app, repo):
    mockstore.subscribe(fastapi_app)
    await mockstore.aemit("pet.status_changed", {{"newStatus": "PENDING"}})
    assert [event["data"]["newStatus"] for event in fastapi_app.seen] == ["PENDING"]
"""


@pytest.mark.parametrize("mark", ["asyncio", "anyio"])
def test_an_async_test_delivers_on_its_own_loop(run: "Run", mark: str) -> None:
    backend = '\n@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n'

    run(ASYNC.format(mark=mark), conftest=FASTAPI + backend).assert_outcomes(passed=1)


DJANGO_INI = "DJANGO_SETTINGS_MODULE = shop.settings\npythonpath = .\n"

DJANGO_FILES = {
    "shop/__init__.py": "",
    "shop/settings.py": """
SECRET_KEY = "only-for-tests"
PETSTORE_SECRET = "whsec_c2hvcC1hbmQtcGV0c3RvcmUtc2hhcmUtdGhpcw=="
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["shop"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
""",
    "shop/models.py": """
from django.db import models


class Customer(models.Model):
    email = models.EmailField()
    pet_id = models.CharField(max_length=36)
""",
    "shop/urls.py": """
import hashlib
import hmac
import json

from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from shop.models import Customer


@csrf_exempt
def petstore(request):
    mac = hmac.new(settings.PETSTORE_SECRET.encode(), request.body, hashlib.sha256)
    if not hmac.compare_digest(f"sha256={mac.hexdigest()}", request.headers["X-Webhook-Signature"]):
        return HttpResponse(status=401)
    data = json.loads(request.body)["data"]
    Customer.objects.create(email=data["adopter"]["email"], pet_id=data["pet"]["id"])
    return HttpResponse(status=204)


def without_exemption(request):
    return HttpResponse(status=204)


urlpatterns = [path("webhooks/petstore", petstore), path("webhooks/strict", without_exemption)]
""",
}

DJANGO_TESTS = """
from shop.models import Customer


def test_adoption_creates_customer(mockstore, settings, db):
    mockstore.subscribe("django", events=["pet.adopted"], path="/webhooks/petstore", secret=settings.PETSTORE_SECRET)
    event = mockstore.emit("pet.adopted", {"adopter": {"email": "ada@example.com"}})
    event.assert_acknowledged()
    assert Customer.objects.get(email="ada@example.com").pet_id == event.data["pet"]["id"]


def test_the_database_is_the_next_tests_own(mockstore, settings, db):
    assert not Customer.objects.exists()


def test_a_missing_exemption_shows(mockstore, db):
    mockstore.subscribe("django", path="/webhooks/strict")
    mockstore.emit("pet.adopted").delivery.assert_rejected(403)


def test_without_database_its_guard_comes_out(mockstore, settings):
    import pytest

    mockstore.subscribe("django", secret=settings.PETSTORE_SECRET)
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        mockstore.emit("pet.adopted")
"""


def test_an_event_reaches_a_django_project_with_its_database(run: "Run", write: "Callable[[str, str], None]") -> None:
    for name, text in DJANGO_FILES.items():
        write(name, text)

    run(DJANGO_TESTS, ini=DJANGO_INI, apart=True).assert_outcomes(passed=4)
