"""The fixture `mockstore_api`: what it reports, its failure texts, and its cost for tests without it."""

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

HEAD = """
import httpx
import pytest
import requests

BASE = "https://api.petstoreapi.com/v1"


def test_it(mockstore, mockstore_api, mockstore_inbox):
"""

MISTAKES = """
    requests.get(f"{BASE}/pets", params={"species": "DRAGON", "limit": 0}, timeout=5)
    httpx.get(f"{BASE}/pet")
    httpx.post(f"{BASE}/orders", json={"petId": 7})
"""

COMPLAINT = """\
mockstore: 3 things went wrong, and the test never looked

1. a client's call went wrong:
   listPets GET /pets: answered 422
     query: species must be one of DOG, CAT, RABBIT, BIRD, REPTILE, OTHER; found 'DRAGON'
     query: limit must be at least 1

2. a client's call went wrong:
   (no operation) GET /pet: answered 404
     there is nothing at /pet; nearest: listPets (GET /pets), getPet (GET /pets/{petId}), createPet (POST /pets)

3. a client's call went wrong:
   createOrder POST /orders: answered 422
     body: userId is required
     body: petId must be a string
   To look at a call, read its status, answer or mistakes, as in mockstore_api.calls.last.status

To do without this check: @pytest.mark.mockstore(strict=False)
"""


def test_a_client_and_its_consumer_share_one_shop(run: "Run") -> None:
    result = run(
        HEAD
        + """
    pet = mockstore.pets.add()
    listed = requests.get(f"{BASE}/pets", params={"limit": 100}, timeout=5).json()["data"]
    assert pet.id in [one["id"] for one in listed]
    httpx.post(f"{BASE}/orders", json={"petId": pet.id, "userId": pet.id}).raise_for_status()
    assert mockstore_api.calls.one("createOrder").document["petId"] == pet.id
    mockstore_inbox.assert_types(["order.created", "pet.status_changed"])
"""
    )

    result.assert_outcomes(passed=1)


OWN_MOCKSTORE = """
import pytest
import requests
from mockstore import Mockstore


@pytest.fixture
def mockstore():
    with Mockstore.in_process() as own:
        yield own


def test_one(mockstore, mockstore_api):
    assert requests.get(f"{mockstore_api.base_url}/pets", timeout=5).ok


def test_two(mockstore, mockstore_api):
    requests.get(f"{mockstore_api.base_url}/pet", timeout=5)
"""


def test_a_mockstore_fixture_of_ones_own_is_answered_for_and_judged(run: "Run") -> None:
    result = run(OWN_MOCKSTORE)

    result.assert_outcomes(passed=1, failed=1)
    assert "(no operation) GET /pet: answered 404" in result.stdout.str()


def test_mistakes_that_nobody_looked_at_fail_the_test_itself(run: "Run") -> None:
    result = run(HEAD + MISTAKES)

    result.assert_outcomes(failed=1)
    assert COMPLAINT in result.stdout.str()


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        pytest.param("[call.status for call in mockstore_api.calls]", "passed", id="looked at"),
        pytest.param("[call.mistakes for call in mockstore_api.calls]", "passed", id="its mistakes asked for"),
        pytest.param("mockstore_api.calls[0].status", "failed", id="one looked at"),
        pytest.param("print(mockstore_api.calls, list(mockstore_api.calls))", "failed", id="glanced at"),
        pytest.param("pytest.skip('for now')", "skipped", id="skipped"),
        pytest.param("pytest.xfail('for now')", "xfailed", id="xfail"),
    ],
)
def test_looking_settles_it(run: "Run", line: str, outcome: str) -> None:
    result = run(f"{HEAD}{MISTAKES}    {line}\n")

    assert result.parseoutcomes() == {outcome: 1}


@pytest.mark.parametrize(
    ("mark", "outcome"),
    [
        pytest.param("mockstore(strict=False)", "passed", id="not strict"),
        pytest.param("xfail(strict=True, raises=pytest.fail.Exception)", "xfailed", id="xfail"),
    ],
)
def test_the_marks_hold_for_it(run: "Run", mark: str, outcome: str) -> None:
    result = run(f"{HEAD}{MISTAKES}".replace("def test_it", f"@pytest.mark.{mark}\ndef test_it"))

    assert result.parseoutcomes() == {outcome: 1}


def test_the_first_error_wins(run: "Run") -> None:
    result = run(f"{HEAD}{MISTAKES}    assert 1 + 1 == 3\n")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E  *assert (1 + 1) == 3"])
    result.stdout.no_fnmatch_line("*never looked*")


def test_what_a_consumer_s_code_raised_is_judged_beside_it(run: "Run") -> None:
    result = run(
        HEAD
        + """
    mockstore.subscribe(lambda outgoing: 500)
    pet = mockstore.pets.add()
    httpx.post(f"{BASE}/orders", json={"petId": pet.id, "userId": pet.id, "note": 1}).raise_for_status()
    httpx.get(f"{BASE}/orders/1/2")
"""
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "mockstore: 3 things went wrong, and the test never looked",
            "1. a delivery was not acknowledged:",
            "2. a delivery was not acknowledged:",
            "3. a client's call went wrong:",
            "   (no operation) GET /orders/1/2: answered 404",
            "   To look at a call, read its status, answer or mistakes, as in mockstore_api.calls.last.status",
            "Looking settles it: read the delivery's state or attempts, *mockstore(strict=False)",
        ]
    )


def test_a_miss_shows_the_nearest_call(run: "Run") -> None:
    result = run(
        HEAD
        + """
    requests.get(f"{BASE}/pets?species=CAT", timeout=5)
    mockstore_api.calls.one("listPets", {"species": "DOG"})
"""
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E  *AssertionError: expected exactly one call of 'listPets' with {'species': 'DOG'}, found 0",
            "E  *the nearest:",
            "E  *listPets GET /pets: answered 200",
            "E  *species: expected 'DOG', found 'CAT'",
        ]
    )


WHERE = """
import httpx
import pytest


def test_here(mockstore_api):
    assert mockstore_api.base_url == "http://petstore.test/v1"
    assert httpx.get("http://petstore.test/v1/pets").status_code == 200


@pytest.mark.parametrize("mockstore_api_url", ["http://other.test:8000/petstore"])
def test_there(mockstore_api):
    assert httpx.get("http://other.test:8000/petstore/pets").status_code == 200


def test_elsewhere(mockstore_api):
    mockstore_api.base_url = "https://last.test"
    assert httpx.get("https://last.test/pets").status_code == 200
"""

CONFTEST = """
import pytest


@pytest.fixture(scope="session")
def mockstore_api_url():
    return "http://petstore.test/v1"
"""


def test_the_base_url_is_whatever_the_project_says(run: "Run") -> None:
    run(WHERE, conftest=CONFTEST).assert_outcomes(passed=3)


ASYNC = """
import httpx
import pytest
from fastapi import FastAPI, Request

BASE = "https://api.petstoreapi.com/v1"


def shop(seen):
    app = FastAPI()

    @app.post("/webhooks/petstore")
    async def petstore(request: Request):
        event = await request.json()
        async with httpx.AsyncClient() as http:
            order = (await http.get(f"{BASE}/orders/{event['data']['order']['id']}")).json()
        seen.append(order["status"])

    return app


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.MARK
async def test_consumer_calls_back(mockstore, mockstore_api):
    seen = []
    mockstore.subscribe(shop(seen), "order.created")
    pet = mockstore.pets.add()
    async with httpx.AsyncClient() as http:
        await http.post(f"{BASE}/orders", json={"petId": pet.id, "userId": pet.id})
    assert seen == ["PLACED"]
    mockstore_api.calls.assert_operations(["createOrder", "getOrder"])


@pytest.mark.MARK
@pytest.mark.xfail(raises=pytest.fail.Exception, strict=True)
async def test_complaint(mockstore_api):
    async with httpx.AsyncClient() as http:
        await http.get(f"{BASE}/pet")


def test_sync(mockstore, mockstore_api):
    seen = []
    mockstore.subscribe(shop(seen), "order.created")
    pet = mockstore.pets.add()
    httpx.post(f"{BASE}/orders", json={"petId": pet.id, "userId": pet.id})
    assert seen == ["PLACED"]
"""


@pytest.mark.parametrize("mark", ["asyncio", "anyio"])
def test_async_tests_are_served_and_judged(run: "Run", mark: str) -> None:
    run(ASYNC.replace("MARK", mark)).assert_outcomes(passed=2, xfailed=1)


NEIGHBOURS = """
import httpx
import pytest
import requests
import responses as responses_
import respx

BASE = "https://api.petstoreapi.com/v1"
OTHER = "https://other.example/things"


@pytest.fixture
def outer():
    with responses_.RequestsMock() as mocked, respx.mock() as router:
        mocked.get(OTHER, json={"ok": 1})
        router.get(OTHER).respond(json={"ok": 2})
        yield


def check():
    assert requests.get(OTHER, timeout=5).json() == {"ok": 1}
    assert httpx.get(OTHER).json() == {"ok": 2}
    assert requests.get(f"{BASE}/pets", timeout=5).status_code == 200
    assert httpx.get(f"{BASE}/pets").status_code == 200


def test_mocks_outside(outer, mockstore_api):
    check()


def test_mocks_inside(mockstore_api, outer):
    check()


def test_fixture_of_pytest_responses(responses, mockstore_api, respx_mock):
    responses.get(OTHER, json={"ok": 1})
    respx_mock.get(OTHER).respond(json={"ok": 2})
    check()


@responses_.activate
@respx.mock
def test_decorated(mockstore_api):
    responses_.get(OTHER, json={"ok": 1})
    respx.get(OTHER).respond(json={"ok": 2})
    check()

"""

AFTERWARDS = """
import httpx
import pytest
import requests
import responses


def test_it(mockstore_api):
    with pytest.raises(requests.exceptions.ConnectionError, match="Connection refused by Responses"):
        requests.get("https://unknown.example/", timeout=5)
    assert requests.get("https://api.petstoreapi.com/v1/pets", timeout=5).status_code == 200


@pytest.mark.withoutresponses
def test_afterwards():
    assert requests.adapters.HTTPAdapter.send is responses._real_send
    assert httpx.HTTPTransport.handle_request.__module__ == "httpx._transports.default"
"""


def test_mocks_of_other_hosts_work_beside_it(run: "Run") -> None:
    run(NEIGHBOURS, apart=True).assert_outcomes(passed=4)


def test_a_plugin_that_stops_its_mock_before_ours_is_not_undone(run: "Run") -> None:
    run(AFTERWARDS, apart=True).assert_outcomes(passed=2)


UNUSED = """
import json
import sys


def test_it(mockstore, mockstore_inbox):
    mockstore.emit("pet.adopted")
    print("modules", json.dumps(sorted(sys.modules)))
"""


def test_a_test_without_it_loads_nothing_of_it(run: "Run", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    quiet = ("-W", "ignore:Unknown config option::")  # options of plugins that are not loaded
    result = run(UNUSED, "-p", "pytest_mockstore", "-s", "-q", *quiet, apart=True)

    line = next(line for line in result.outlines if line.startswith("modules"))
    modules = set(json.loads(line.removeprefix("modules ")))
    assert not modules & {"requests", "responses", "httpx", "httpx2", "flask", "mockstore.api", "mockstore.web"}
