"""Timeouts of clients: invalid ones are refused as on the network."""

import asyncio
import math

import httpx
import httpx2
import pytest
import requests
from urllib3.util import Timeout

from mockstore.api import PetstoreApi
from mockstore.api.exchange import EndlessWaitError
from mockstore.model import Json
from tests.api.clients import BASE

PETS = f"{BASE}/pets"
LONG = "timeout is inf; no socket waits so long: write None to wait for ever"
NAN = "timeout is nan; no socket takes that: write seconds, or None to wait for ever"

libraries = pytest.mark.parametrize("library", [pytest.param(httpx, id="httpx"), pytest.param(httpx2, id="httpx2")])


async def _get(library: Json, limit: Json) -> Json:
    async with library.AsyncClient() as http:
        return await http.get(PETS, timeout=limit)


@pytest.mark.parametrize(
    ("timeout", "error", "told"),
    [
        pytest.param(0, ValueError, "cannot be set to a value less than or equal to 0", id="nothing"),
        pytest.param(-1, ValueError, "cannot be set to a value less than or equal to 0", id="less than nothing"),
        pytest.param("5", ValueError, "must be an int, float or None", id="a text"),
        pytest.param(True, ValueError, "cannot be a boolean value", id="a boolean"),
        pytest.param((1,), ValueError, r"Invalid timeout \(1,\)\. Pass a \(connect, read\) timeout tuple", id="one"),
        pytest.param((1, 2, 3), ValueError, r"Invalid timeout \(1, 2, 3\)", id="three"),
        pytest.param((1, -1), ValueError, r"Invalid timeout \(1, -1\)", id="two, of which one is wrong"),
        pytest.param(math.inf, OverflowError, LONG, id="without end"),
        pytest.param((math.inf, 1), OverflowError, LONG, id="without end until it is connected"),
        pytest.param(1e300, OverflowError, r"timeout is 1e\+300; no socket waits so long", id="ages"),
        pytest.param(math.nan, ValueError, NAN, id="no number"),
    ],
)
def test_requests_refuses_what_no_socket_keeps(
    api: PetstoreApi, timeout: Json, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        requests.get(PETS, timeout=timeout)

    api.calls.none()


@pytest.mark.parametrize("timeout", [None, 1e9, (None, 5), Timeout(total=5), Timeout(connect=5)])
def test_requests_takes_what_a_socket_can_keep(api: PetstoreApi, timeout: Json) -> None:
    assert requests.get(PETS, timeout=timeout).status_code == 200
    api.calls.one("listPets")


def test_a_limit_of_the_whole_holds_for_the_answer(api: PetstoreApi) -> None:
    api.will_answer("listPets", "200 after 6s")

    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(PETS, timeout=Timeout(total=5))  # type: ignore[arg-type]  # requests hands it on


@libraries
@pytest.mark.parametrize(
    ("timeout", "error", "told"),
    [
        pytest.param(-1, ValueError, "timeout is -1; no socket takes that", id="less than nothing"),
        pytest.param(math.nan, ValueError, NAN, id="no number"),
        pytest.param(math.inf, OverflowError, LONG, id="without end"),
        pytest.param("5", TypeError, "timeout is '5'; it must be a number of seconds, or None", id="a text"),
        pytest.param((1, 1, -1, 1), ValueError, "timeout is -1; no socket takes that", id="to write"),
    ],
)
def test_httpx_refuses_what_no_socket_keeps(
    api: PetstoreApi, library: Json, timeout: Json, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        library.get(PETS, timeout=timeout)

    api.calls.none()


@libraries
def test_httpx_does_not_connect_in_no_time(api: PetstoreApi, library: Json) -> None:
    with pytest.raises(library.ConnectError, match="connect timeout is 0: such a socket waits for nothing"):
        library.get(PETS, timeout=0)

    api.calls.none()


@libraries
@pytest.mark.parametrize(
    ("timeout", "error", "told"),
    [
        pytest.param(0, "ConnectTimeout", "connect timeout is 0: it passes at once", id="nothing"),
        pytest.param((1, -1, 1, 1), "ReadTimeout", "read timeout is -1: it passes at once", id="less than nothing"),
    ],
)
def test_on_a_loop_such_a_limit_passes_at_once(
    api: PetstoreApi, library: Json, timeout: Json, error: str, told: str
) -> None:
    with pytest.raises(getattr(library, error), match=told):
        asyncio.run(_get(library, timeout))

    api.calls.none()


@libraries
@pytest.mark.parametrize("timeout", [math.inf, 1e300], ids=["without end", "ages"])
def test_a_loop_waits_for_ever_and_is_told_when_it_would(api: PetstoreApi, library: Json, timeout: float) -> None:
    assert asyncio.run(_get(library, timeout)).status_code == 200

    api.will_answer("listPets", "timeout")
    with pytest.raises(EndlessWaitError, match="set a timeout on the client"):
        asyncio.run(_get(library, timeout))
    assert len(api.complaints()) == 1


@libraries
def test_a_loop_has_no_limit_that_is_no_number(api: PetstoreApi, library: Json) -> None:
    with pytest.raises(ValueError, match=NAN):
        asyncio.run(_get(library, math.nan))

    api.calls.none()
