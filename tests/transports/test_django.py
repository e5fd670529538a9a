"""Delivery to a Django project, in a separate pytest process: Django can be configured only once per process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SETTINGS = """
SECRET_KEY = "sample"
ROOT_URLCONF = "shop"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
DATABASES = {
    "default": SQLITE,
    "file": SQLITE | {"TEST": {"NAME": "shop.sqlite3"}},  # closing an in-memory connection would do nothing
}
LOGGING_CONFIG = None
"""

SHOP = """
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

@csrf_exempt
def hook(request):
    Group.objects.create(name=request.headers["X-Pet"])
    return HttpResponse(request.body, status=202)

def protected(request):
    return HttpResponse()

@csrf_exempt
def broken(request):
    raise LookupError("no such pet")

@csrf_exempt
def filed(request):
    Group.objects.using("file").exists()
    return HttpResponse()

urlpatterns = [path("filed", filed), path("hook", hook), path("protected", protected), path("broken", broken)]
"""

TESTS = """
import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, connections

from mockstore import Mockstore
from mockstore.errors import InvalidInputError
from mockstore.model import Outgoing
from mockstore.settings import Settings
from mockstore.world.transports import Router, transport_for

PATIENT = timedelta(seconds=20)

@pytest.fixture
def router():
    router = Router.in_process()
    router.mount_app("django")
    yield router
    router.close()

def to(path):
    return Outgoing(f"http://testserver/{path}", (("X-Pet", "Rex"),), b"{}")

@pytest.mark.django_db
def test_the_view_writes_in_the_tests_own_transaction(router):
    mine = connection.connection
    reply = router.send(to("hook"), PATIENT)
    assert (reply.status, reply.body) == (202, b"{}")
    assert Group.objects.get().name == "Rex"
    assert connection.connection is mine

@pytest.mark.django_db
def test_which_is_rolled_back(router):
    assert not Group.objects.exists()

@pytest.mark.django_db(transaction=True, databases=["default", "file"])
def test_a_test_without_a_transaction_keeps_its_connection(router):
    assert not Group.objects.using("file").exists()
    mine = connections["file"].connection
    router.send(to("hook"), PATIENT)
    assert mine is not None
    assert connections["file"].connection is mine

@pytest.mark.django_db(transaction=True, databases=["default", "file"])
def test_a_thread_of_a_server_keeps_no_connection():
    router = Router.standalone()
    router.mount_app("django")
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(router.send, to("filed"), PATIENT).result().status == 200
        assert thread.submit(lambda: connections["file"].connection).result() is None
    router.close()

def test_a_view_without_csrf_exempt_is_forbidden(router):
    assert router.send(to("protected"), PATIENT).status == 403

def test_the_exception_behind_a_500_is_in_the_reply(router):
    reply = router.send(to("broken"), PATIENT)
    assert reply.status == 500
    assert isinstance(reply.exception, LookupError)

def test_an_async_test_reaches_it_too(router):
    assert asyncio.run(router.asend(to("protected"), PATIENT)).status == 403

def test_afterwards_django_closes_connections_again(router):
    router.send(to("protected"), PATIENT)
    for signal in (request_started, request_finished):
        assert signal.disconnect(close_old_connections)
        signal.connect(close_old_connections)

def test_a_handler_of_the_users_own_is_taken_for_django():
    from django.core.wsgi import get_wsgi_application
    transport = transport_for(get_wsgi_application())
    assert type(transport).__name__ == "DjangoTransport"
    transport.close()

@pytest.fixture
def server():
    with Mockstore.standalone(Settings()) as made:
        yield made

@pytest.mark.django_db
def test_a_server_is_refused_inside_a_transaction(server):
    with pytest.raises(InvalidInputError, match="or transactional_db"):
        server.subscribe("django")

@pytest.mark.django_db(transaction=True)
def test_a_server_may_deliver_outside_of_one(server):
    assert server.subscribe("django").record.url.startswith("http://testserver")

"""

CLAIMS = [line[4:].partition("(")[0] for line in TESTS.splitlines() if line.startswith("def test_")]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("django")
    for name, text in {"shop_settings.py": SETTINGS, "shop.py": SHOP, "test_shop.py": TESTS}.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-rA", "-W", "error", "-p", "no:randomly", "-p", "no:asyncio"]
    result = subprocess.run(
        [*command, "--ds=shop_settings", "--rootdir=.", "test_shop.py"],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def _environment() -> dict[str, str]:
    """Return the environment variables without those of the current pytest run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO"))}


@pytest.mark.parametrize("claim", CLAIMS)
def test_with_django(report: str, claim: str) -> None:
    assert f"PASSED test_shop.py::{claim}\n" in report, report


@pytest.mark.parametrize(
    ("before", "text"),
    [
        pytest.param("", "DJANGO_SETTINGS_MODULE, or let pytest-django do it", id="not configured"),
        pytest.param("sys.modules['django'] = None", "install Django", id="not installed"),
    ],
)
def test_without_a_project_the_error_says_what_to_do(tmp_path: Path, before: str, text: str) -> None:
    code = f"import sys; {before}\nfrom mockstore.world.transports import transport_for; transport_for('django')"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert "InvalidInputError: cannot deliver to 'django'" in result.stderr
    assert text in result.stderr
