"""Signed deliveries from one process to a fast receiver in another, 16 at the same time."""

import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import Thread
from time import perf_counter
from typing import TypeAlias

import requests
import urllib3

from benchmarks.consumer import NOON, PATH, SECRET, TYPE, Maker
from benchmarks.harness import OURS, Goal, Measure, Peer, Row, Section, race
from benchmarks.receiver import running
from mockstore import Mockstore
from mockstore.model import DeliveryState, EventRecord
from mockstore.parts import standalone_parts
from mockstore.settings import Settings

AT_ONCE = 16
Request: TypeAlias = tuple[bytes, dict[str, str]]
Client: TypeAlias = Callable[[], AbstractContextManager[Callable[[bytes, dict[str, str]], int]]]
"""Sets up a client for one thread; yields a function that posts a body with headers and returns the status."""

OK = 204


def measure(*, rounds: int = 7, events: int = 800) -> Section:
    """Measure in `rounds` of `events` events each."""
    maker = Maker()
    bodies = [maker.signed() for _ in range(events)]
    with running() as port:
        url = f"http://127.0.0.1:{port}{PATH}"
        pool = urllib3.PoolManager(maxsize=AT_ONCE)
        clients: Mapping[str, Client] = {
            "bare http.client": partial(posting, port),
            "urllib3": partial(_urllib3, pool, url),
            "requests": partial(_requests, url),
        }
        rivals: dict[str, Measure] = {name: partial(_loop, client, bodies) for name, client in clients.items()}
        found = race({OURS: partial(_ours, url, bodies), **rivals}, rounds)
        pool.clear()
    goals = {"bare http.client": Goal("≥", 0.7)}
    peers = tuple(Peer(name, found[name], goals.get(name)) for name in rivals)
    return Section(
        "Signed deliveries to a fast receiver, 16 at once",
        (Row("deliveries", "/s", found[OURS], None, peers),),
        "ours: claimed, signed, sent, judged and recorded; the loops send the same bodies, signed beforehand",
    )


def _ours(url: str, bodies: Sequence[Request]) -> float:
    """Return the deliveries per second by the threads of a Mockstore."""
    parts = standalone_parts(Settings(threads=AT_ONCE))
    with Mockstore(parts) as mockstore:
        webhook = mockstore.subscribe(url, secret=SECRET)
        for number, (body, _) in enumerate(bodies):
            parts.engine.publish(EventRecord(f"event-{number}", TYPE, NOON, body), [webhook.record])
        started = perf_counter()
        parts.pump.settle()
        took = perf_counter() - started
        if any(one.state is not DeliveryState.DELIVERED for one in parts.store.deliveries()):
            raise AssertionError("not everything was delivered")
    return len(bodies) / took


def _loop(client: Client, bodies: Sequence[Request]) -> float:
    """Return the requests per second of a loop in each of `AT_ONCE` threads."""
    started = perf_counter()
    threads = [Thread(target=_send_all, args=(client, bodies[at::AT_ONCE])) for at in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(bodies) / (perf_counter() - started)


def _send_all(client: Client, bodies: Sequence[Request]) -> None:
    with client() as post:
        for body, headers in bodies:
            if post(body, headers) != OK:
                raise AssertionError("not everything was delivered")


@contextmanager
def posting(port: int) -> Iterator[Callable[[bytes, dict[str, str]], int]]:
    """Yield a function that posts over one connection of `http.client`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

    def post(body: bytes, headers: dict[str, str]) -> int:
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    yield post
    connection.close()


@contextmanager
def _urllib3(pool: urllib3.PoolManager, url: str) -> Iterator[Callable[[bytes, dict[str, str]], int]]:
    yield lambda body, headers: pool.request("POST", url, body=body, headers=headers, timeout=5).status


@contextmanager
def _requests(url: str) -> Iterator[Callable[[bytes, dict[str, str]], int]]:
    with requests.Session() as session:
        yield lambda body, headers: session.post(url, data=body, headers=headers, timeout=5).status_code
