"""The shop under test: its API calls are answered in process, and the events that follow go to its webhook."""

from pathlib import Path

import pytest
import requests
from flask import Flask

from flask_shop.books import Books
from flask_shop.petstore import Petstore
from flask_shop.shop import make_shop
from mockstore import Mockstore

SECRET = "whsec_Zmxhc2stc2hvcC1hbmQtcGV0c3RvcmU="


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "books.db"


@pytest.fixture
def books(database: Path) -> Books:
    return Books(database, timeout=0)


@pytest.fixture
def shop(mockstore: Mockstore, books: Books) -> Flask:
    shop = make_shop(SECRET, Petstore(requests.Session()), books)
    mockstore.subscribe(shop, path="/webhooks/petstore", secret=SECRET)
    return shop
