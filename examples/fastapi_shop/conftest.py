"""The hotline under test: its API calls are answered in process, and the events that follow go to its webhook."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from fastapi_shop.app import make_app
from fastapi_shop.board import Board
from fastapi_shop.petstore import Petstore
from mockstore import Mockstore

SECRET = "whsec_ZmFzdGFwaS1zaG9wLWFuZC1wZXRzdG9yZQ=="


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "board.db"


@pytest.fixture
def board(database: Path) -> Iterator[Board]:
    board = Board(database)
    yield board
    board.close()


@pytest.fixture
async def app(anyio_backend: str, mockstore: Mockstore, board: Board) -> AsyncIterator[FastAPI]:  # noqa: ARG001 - runs the fixture
    async with httpx.AsyncClient() as client:
        app = make_app(SECRET, Petstore(client), board)
        mockstore.subscribe(app, path="/webhooks/petstore", secret=SECRET, signatures="standard-webhooks")
        yield app


@pytest.fixture
async def caller(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hotline.example") as caller:
        yield caller
