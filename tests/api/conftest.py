"""Fixtures: a Mockstore, and its API for the clients of this process."""

from collections.abc import Iterator

import pytest

from mockstore import Mockstore
from mockstore.api import PetstoreApi


@pytest.fixture
def store() -> Iterator[Mockstore]:
    with Mockstore.in_process(strict=False) as store:
        yield store


@pytest.fixture
def api(store: Mockstore) -> Iterator[PetstoreApi]:
    with PetstoreApi(store) as api:
        yield api
