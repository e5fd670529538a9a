"""What the console shows while the database cannot be used."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from mockstore.tenants import Tenants
from mockstore.web.app import create_app
from tests.console.served import SETTINGS


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """The client of a server whose tables were renamed, so no statement succeeds."""
    settings = replace(SETTINGS, database=f"sqlite:///{tmp_path}/shop.db")
    with Tenants(settings) as tenants:
        with closing(sqlite3.connect(tmp_path / "shop.db")) as other:
            for table in ("resources", "webhooks", "events", "deliveries", "clocks"):
                other.execute(f"ALTER TABLE {table} RENAME TO away_{table}")
        yield create_app(tenants, settings).test_client()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "", id="the list"),
        pytest.param("GET", "console/webhooks", id="the webhooks"),
        pytest.param("GET", "console/events/none", id="an event"),
        pytest.param("GET", "console/webhooks?tenant=019b4132-70aa-764f-b315-e2803d882a24", id="another tenant"),
        pytest.param("POST", "console/control/nothing", id="a verb that there is not"),
        pytest.param("POST", "console/emit", id="an emit"),
    ],
)
def test_without_its_database_a_page_says_so(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(f"/_mockstore/{path}", method=method, data={} if method == "POST" else None)

    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "The database is not available now" in answer.text
    assert "no such table" in answer.text
    assert answer.headers["Retry-After"] == "1"
