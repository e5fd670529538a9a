"""Opening a database: what is created, what is kept, and which databases are refused with a helpful message."""

import shlex
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, update

from mockstore.errors import StartupError
from mockstore.model import ResourceRecord, WebhookRecord
from mockstore.world.clock import wall_time
from mockstore.world.store_sql import Database
from mockstore.world.store_sql.tables import about
from tests.postgres import PostgresServer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shop.db"
    return str(request.getfixturevalue("postgres").new_database())


def open_database(url: str) -> Database:
    return Database.open(url, now=wall_time)


def refusal(url: str) -> str:
    with pytest.raises(StartupError) as caught:
        open_database(url)
    return str(caught.value)


def test_everything_is_there_when_it_is_opened_again(url: str) -> None:
    database = open_database(url)
    number, root = database.number, database.root
    database.store(None).save_webhook(WebhookRecord("w", "http://shop.test/", ("*",), "whsec_x", NOON, NOON))
    database.close()

    again = open_database(url)
    assert [webhook.id for webhook in again.store(None).webhooks()] == ["w"]
    assert (number, again.number) == (1, 2)
    assert again.root == root
    assert len(root) == 32
    again.close()


def test_two_databases_have_different_roots(tmp_path: Path) -> None:
    first, second = open_database(f"sqlite:///{tmp_path}/1.db"), open_database(f"sqlite:///{tmp_path}/2.db")

    assert first.root != second.root
    first.close()
    second.close()


def test_tenants_do_not_see_each_other(url: str) -> None:
    database = open_database(url)
    database.store(None).save_resource(ResourceRecord("pet", "1", {"name": "Rex"}))
    database.store("a").save_resource(ResourceRecord("pet", "1", {"name": "Ada"}))
    database.store("a").clear()

    assert database.store("a").resources("pet") == []
    assert database.store(None).resource("pet", "1") == ResourceRecord("pet", "1", {"name": "Rex"})
    assert database.tenants() == [None]
    database.close()


def test_clocks_are_kept_for_each_tenant(url: str) -> None:
    database = open_database(url)
    database.save_clock("a", timedelta(days=3, microseconds=1), None)
    database.save_clock("b", timedelta(), NOON)
    database.save_clock("b", timedelta(seconds=-1), NOON + timedelta(days=1))
    database.close()

    again = open_database(url)
    assert again.clock("a") == (timedelta(days=3, microseconds=1), None)
    assert again.clock("b") == (timedelta(seconds=-1), NOON + timedelta(days=1))
    assert again.clock(None) is None
    assert sorted(map(str, again.tenants())) == ["a", "b"]
    again.close()


def test_a_sqlite_file_serves_one_server_at_a_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    first = open_database(url)

    assert refusal(url) == (
        f"{url} is used by another server now: stop that, or name another file; servers can share a PostgreSQL"
    )
    first.close()
    open_database(url).close()


def test_another_program_may_read_the_sqlite_file_meanwhile(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/shop.db")
    database.store(None).save_resource(ResourceRecord("pet", "1", {"name": "Rex"}))
    connection = sqlite3.connect(tmp_path / "shop.db")

    assert connection.execute("SELECT document FROM resources").fetchall() == [('{"name":"Rex"}',)]
    connection.close()
    database.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        pytest.param("shop.db", "the database is no URL; allowed are sqlite:///file.db, ", id="no URL"),
        pytest.param("mysql://a:b@c/d", "a database of 'mysql' is not supported; allowed are ", id="another kind"),
        pytest.param("sqlite://", "a SQLite database in memory keeps nothing", id="memory"),
        pytest.param("sqlite:///:memory:", "a SQLite database in memory keeps nothing", id="memory by name"),
        pytest.param(
            "sqlite://shop.db", "'sqlite://shop.db' is no plain file: write sqlite:///file.db", id="two slashes"
        ),
        pytest.param("sqlite:///shop.db?mode=ro", "is no plain file", id="options"),
        pytest.param("sqlite:///a.db?sslpassword=x", "'sqlite:///a.db' is no plain file", id="a password"),
        pytest.param(
            "postgresql://me:hun@ter2@db/shop",
            "the database's URL has more than one '@': write %40 for the one in the password or the user",
            id="an @ in the password",
        ),
        pytest.param("postgresql:me:hunter2@db/shop", "the database is no URL; allowed are sqlite", id="no slashes"),
        pytest.param(
            "sqlite:////nowhere/shop.db", "cannot open sqlite:////nowhere/shop.db: No such file", id="no folder"
        ),
    ],
)
def test_a_database_that_cannot_be_used_is_refused(url: str, why: str) -> None:
    message = refusal(url)

    assert why in message
    assert "\n" not in message
    assert "ter2" not in message


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database at all, only words" * 100)

    assert refusal(f"sqlite:///{tmp_path}/notes.txt") == (
        f"cannot open sqlite:///{tmp_path}/notes.txt: file is not a database; see that its folder exists, that it may "
        "be written, and that the file is a SQLite database"
    )


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE customers (id)")
    connection.close()

    before = (tmp_path / "other.db").read_bytes()

    assert refusal(f"sqlite:///{tmp_path}/other.db") == (
        f"sqlite:///{tmp_path}/other.db holds tables of something else (customers); name an empty database"
    )
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("other.db", before)]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("CREATE TABLE mockstore (version TEXT); INSERT INTO mockstore VALUES ('1.2')", id="a text"),
        pytest.param("CREATE TABLE mockstore (version)", id="no row"),
        pytest.param("CREATE TABLE mockstore (id)", id="no such column"),
    ],
)
def test_a_table_of_our_name_that_is_not_ours_is_refused_in_one_line(tmp_path: Path, script: str) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.executescript(script)
    connection.close()

    assert refusal(f"sqlite:///{tmp_path}/other.db") == (
        f"sqlite:///{tmp_path}/other.db holds tables of something else (mockstore); name an empty database"
    )


def test_a_refused_server_leaves_the_lock_of_a_database_in_use(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    first = open_database(url)

    refusal(url)

    assert refusal(url).startswith(f"{url} is used by another server now")
    first.close()


def with_version(url: str, version: int) -> str:
    """Create a database, set its version, and return its URL."""
    open_database(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(about).values(version=version))
    engine.dispose()
    return url


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        pytest.param(0, "an older mockstore made it, and can go on with it", id="older"),
        pytest.param(5, "a newer mockstore made it: pip install --upgrade mockstore", id="newer"),
    ],
)
def test_a_database_of_another_version_is_refused_with_a_command_that_helps(
    tmp_path: Path, version: int, reason: str
) -> None:
    url = with_version(f"sqlite:///{tmp_path}/my shop.db", version)
    open_database(f"sqlite:///{tmp_path}/my shop-2.db").close()

    message = refusal(url)

    assert message.startswith(
        f"{url} has tables of version {version}, and this mockstore works with version 4; {reason}; or begin anew: "
    )
    *command, new_url = shlex.split(message.partition("or begin anew: ")[2])
    assert command == ["mockstore", "serve", "--database"]
    assert new_url == f"sqlite:///{tmp_path}/my shop-3.db"
    open_database(new_url).close()


def test_a_shared_database_of_another_version_is_refused_with_what_helps(postgres: PostgresServer) -> None:
    url = with_version(postgres.new_database(), 0)

    message = refusal(url)

    name = make_url(url).database
    assert message.endswith(f"; or begin anew: createdb {name}_2, and name that in --database")


def test_a_server_that_does_not_answer_is_refused_and_the_password_stays_secret() -> None:
    message = refusal("postgresql://ada:secret-word@127.0.0.1:1/shop")

    assert message.startswith("cannot open postgresql://ada:***@127.0.0.1:1/shop: connection failed: ")
    assert message.endswith(
        "; see that the server runs, that the database exists, and that the user may create tables in it"
    )
    assert "secret-word" not in message
    assert "\n" not in message


def test_an_unknown_part_of_the_query_is_not_shown() -> None:
    message = refusal("postgresql://127.0.0.1:1/shop?user=ada&pass=secret-word&PASSWD=secret-word")

    assert message.startswith("cannot open postgresql://127.0.0.1:1/shop?user=ada: ")
    assert "secret-word" not in message


@pytest.mark.parametrize(
    ("missing", "url", "advice"),
    [
        pytest.param("sqlalchemy", "sqlite:///shop.db", "pip install 'mockstore[sql]'", id="sqlalchemy"),
        pytest.param("psycopg", "postgresql://h/shop", "pip install 'mockstore[postgresql]'", id="psycopg"),
    ],
)
def test_what_is_not_installed_is_named(tmp_path: Path, missing: str, url: str, advice: str) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
from mockstore.errors import StartupError
try:
    from mockstore.world.store_sql import Database
    Database.open({url!r}, now=None)
except StartupError as error:
    print(error)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)

    assert done.stdout.strip().endswith(advice)
