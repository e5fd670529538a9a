"""`requests`: the retries of its adapters, and other mocks of it, started before and after ours."""

from datetime import timedelta
from io import BytesIO

import pytest
import requests
import responses
from requests.adapters import HTTPAdapter
from urllib3.util import Retry, Timeout

from mockstore import Mockstore
from mockstore.api import PetstoreApi
from mockstore.model import Json
from tests.api.clients import BASE, TOKEN

OTHER = "https://other.example/things"


class Shop:
    """A typical client: a session with retries and a timeout for every call."""

    def __init__(self) -> None:
        self._session = requests.Session()
        retries = Retry(total=3, backoff_factor=2, status_forcelist=(429, 500, 503))
        self._session.mount("https://", Patient(max_retries=retries))

    def pet(self, pet_id: str) -> Json:
        response = self._session.get(f"{BASE}/pets/{pet_id}")
        response.raise_for_status()
        return response.json()

    def order(self, pet_id: str) -> Json:
        return self._session.post(f"{BASE}/orders", json={"petId": pet_id, "userId": pet_id})


class Patient(HTTPAdapter):
    """An adapter with a default timeout of 5 seconds."""

    def send(self, request: requests.PreparedRequest, *args: Json, **options: Json) -> requests.Response:
        options["timeout"] = options.get("timeout") or 5
        return super().send(request, *args, **options)


@pytest.fixture
def pet_id(store: Mockstore) -> str:
    return store.pets.add().id


def _outcomes(api: PetstoreApi) -> list[str]:
    return [call.summary().partition(": ")[2] for call in api.calls]


def test_a_session_retries_statuses_silence_and_broken_connections(api: PetstoreApi, pet_id: str) -> None:
    api.will_answer("getPet", 429, "timeout", "reset", then_normal=True)

    assert Shop().pet(pet_id)["id"] == pet_id

    assert _outcomes(api) == [
        "answered 429 (scripted)",
        "gave up after 5 s (scripted)",
        "connection reset (scripted)",
        "answered 200",
    ]


def test_a_session_waits_between_its_attempts_in_virtual_time(store: Mockstore, api: PetstoreApi, pet_id: str) -> None:
    before = store.clock.now()
    api.will_answer("getPet", 429, 500, 500, then_normal=True)

    Shop().pet(pet_id)

    assert store.clock.now() - before == timedelta(seconds=1 + 4 + 8)  # Retry-After, then the backoff


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(500, requests.exceptions.RetryError, id="statuses"),
        pytest.param("timeout", requests.exceptions.ConnectionError, id="silence"),
        pytest.param("reset", requests.exceptions.ConnectionError, id="broken connections"),
    ],
)
def test_a_session_gives_up_as_it_does_on_the_network(
    api: PetstoreApi, pet_id: str, answer: int | str, error: type[Exception]
) -> None:
    api.will_answer("getPet", answer)

    with pytest.raises(error, match="Max retries exceeded with url: /v1/pets/"):
        Shop().pet(pet_id)

    assert len(api.calls) == 4


def test_a_session_does_not_repeat_what_is_not_idempotent(api: PetstoreApi, pet_id: str) -> None:
    api.will_answer("createOrder", "reset")

    with pytest.raises(requests.exceptions.ConnectionError, match="Connection reset by peer"):
        Shop().order(pet_id)

    assert len(api.calls) == 1


def test_a_status_that_is_not_to_raise_is_returned(api: PetstoreApi) -> None:
    api.will_answer("listPets", 503)
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=Retry(1, status_forcelist=[503], raise_on_status=False)))

        assert session.get(f"{BASE}/pets").status_code == 503
    assert len(api.calls) == 2


@pytest.mark.parametrize(
    "timeout",
    [
        pytest.param(5, id="a number"),
        pytest.param((1, 5), id="two numbers"),
        pytest.param(Timeout(read=5), id="urllib3's own"),
    ],
)
def test_a_timeout_is_understood_in_every_form(api: PetstoreApi, timeout: Json) -> None:
    api.will_answer("listPets", "200 after 6s")

    with pytest.raises(requests.exceptions.ReadTimeout, match="read timeout=5"):
        requests.get(f"{BASE}/pets", timeout=timeout)


def test_the_keywords_of_send_may_come_by_position(api: PetstoreApi) -> None:
    api.will_answer("listPets", "200 after 6s")
    request = requests.Request("GET", f"{BASE}/pets").prepare()

    with pytest.raises(requests.exceptions.ReadTimeout):
        HTTPAdapter().send(request, False, 5)  # noqa: FBT003 - that is the point


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda: b'{"username": "ann"}', id="bytes"),
        pytest.param(lambda: '{"username": "ann"}', id="text"),
        pytest.param(lambda: BytesIO(b'{"username": "ann"}'), id="a file"),
        pytest.param(lambda: iter([b'{"username":', b' "ann"}']), id="an iterator"),
    ],
)
def test_a_body_arrives_whole(api: PetstoreApi, body: Json) -> None:
    requests.post(f"{BASE}/users", data=body(), timeout=5)

    assert api.calls.one("createUser").document == {"username": "ann"}


def test_a_stream_is_read_in_pieces(api: PetstoreApi) -> None:
    question = {"messages": [{"role": "USER", "content": "hi"}]}
    with requests.post(f"{BASE}/chat/completions", json=question, headers=TOKEN, stream=True, timeout=5) as answer:
        lines = [line for line in answer.iter_lines() if line]

    assert lines[-1] == b"data: [DONE]"
    api.calls.one("createChatCompletion", {"messages": question["messages"]})


def test_a_mock_that_was_there_before_answers_for_other_hosts(store: Mockstore) -> None:
    with responses.RequestsMock() as mocked:
        mocked.get(OTHER, json={"ok": True})
        with PetstoreApi(store):
            assert requests.get(OTHER, timeout=5).json() == {"ok": True}
            assert requests.get(f"{BASE}/pets", timeout=5).status_code == 200
            with pytest.raises(requests.exceptions.ConnectionError, match="Connection refused by Responses"):
                requests.get("https://unknown.example/", timeout=5)
        assert len(mocked.calls) == 2
        with pytest.raises(requests.exceptions.ConnectionError, match="Connection refused by Responses"):
            requests.get(f"{BASE}/pets", timeout=5)


def test_a_mock_that_starts_later_leaves_the_api_to_us(api: PetstoreApi) -> None:
    with responses.RequestsMock() as mocked:
        mocked.get(OTHER, json={"ok": True})

        assert requests.get(OTHER, timeout=5).json() == {"ok": True}
        assert requests.get(f"{BASE}/pets", timeout=5).status_code == 200
        with pytest.raises(requests.exceptions.ConnectionError, match="Connection refused by Responses"):
            requests.get("https://unknown.example/", timeout=5)
    assert _outcomes(api) == ["answered 200"]


@responses.activate
def test_a_test_that_responses_decorates_has_both(api: PetstoreApi) -> None:
    responses.get(OTHER, json={"ok": True})

    assert requests.get(OTHER, timeout=5).json() == {"ok": True}
    assert requests.get(f"{BASE}/pets", timeout=5).status_code == 200
    assert (len(api.calls), len(responses.calls)) == (1, 1)


def test_a_mock_that_starts_later_keeps_what_it_registers_of_the_api(api: PetstoreApi) -> None:
    with responses.RequestsMock() as mocked:
        mocked.get(f"{BASE}/pets", json={"mine": True}, match=[responses.matchers.query_param_matcher({"page": "2"})])

        assert requests.get(f"{BASE}/pets?page=2", timeout=5).json() == {"mine": True}
        assert "data" in requests.get(f"{BASE}/pets?page=3", timeout=5).json()
    assert len(api.calls) == 1


def test_nothing_is_left_behind(store: Mockstore) -> None:
    before = HTTPAdapter.send, responses.RequestsMock.unbound_on_send

    with PetstoreApi(store):
        assert HTTPAdapter.send is not before[0]

    assert (HTTPAdapter.send, responses.RequestsMock.unbound_on_send) == before


def test_what_somebody_kept_of_ours_hands_everything_on(store: Mockstore) -> None:
    request = requests.Request("GET", f"{BASE}/pets").prepare()
    with responses.RequestsMock() as mocked:
        mocked.get(f"{BASE}/pets", json={"outer": True})
        with PetstoreApi(store):
            kept = HTTPAdapter.send

        assert kept(HTTPAdapter(), request, timeout=5).json() == {"outer": True}


def test_a_mock_below_that_ends_first_is_not_brought_back(store: Mockstore) -> None:
    before = HTTPAdapter.send
    mocked = responses.RequestsMock()
    mocked.start()

    with PetstoreApi(store):
        mocked.stop()

    assert HTTPAdapter.send is before
