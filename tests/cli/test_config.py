"""The sources of settings, `mockstore config`, and errors in the settings file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from mockstore.cli.serve import settings_from_options
from mockstore.settings import NAMES

Run = Callable[..., Result]
Write = Callable[[str | bytes], Path]

TOKEN = "do-not-show-me"
PASSWORD = "hunter2"
DATABASE = f"postgresql+psycopg://me:{PASSWORD}@db:5432/shop"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Returns a function that writes `mockstore.toml` into the current folder."""
    monkeypatch.chdir(tmp_path)

    def written(text: str | bytes) -> Path:
        path = tmp_path / "mockstore.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


@pytest.fixture
def folder(write: Write) -> Path:
    """The current folder, without a settings file."""
    path = write("")
    path.unlink()
    return path.parent


def shown(result: Result) -> dict[str, tuple[str, str]]:
    """Parse the output of `mockstore config`: value and origin by the name of the setting."""
    assert (result.exit_code, result.stderr) == (0, "")
    title, *lines = result.stdout.splitlines()
    value, origin = title.index("value"), title.index("from")
    return {line[:value].strip(): (line[value:origin].strip(), line[origin:]) for line in lines}


# ---- which goes first -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "variables", "file", "port"),
    [
        pytest.param({"port": 1}, {"MOCKSTORE_PORT": "2"}, "port = 3", 1, id="an option"),
        pytest.param({"port": None}, {"MOCKSTORE_PORT": "2"}, "port = 3", 2, id="a variable"),
        pytest.param({"port": None}, {"MOCKSTORE_PORT": " "}, "port = 3", 3, id="the file"),
        pytest.param({"port": None}, {}, "", 8080, id="the default"),
    ],
)
def test_an_option_goes_before_a_variable_before_the_file_before_the_default(
    write: Write, options: dict[str, int], variables: dict[str, str], file: str, port: int
) -> None:
    write(file)

    assert settings_from_options(options, variables).settings.port == port


def test_a_list_is_replaced_and_not_added_to(write: Write) -> None:
    write('allowed_hosts = ["file"]\ncors_origins = ["http://file.test"]')

    settings = settings_from_options(
        {"allow_host": ("one", "two"), "cors": ()}, {"MOCKSTORE_ALLOWED_HOSTS": "variable"}
    ).settings

    assert settings.allowed_hosts == ("one", "two")
    assert settings.cors_origins == ("http://file.test",)


def test_a_file_that_is_named_takes_the_place_of_the_one_in_the_folder(write: Write) -> None:
    folder = write("port = 1").parent
    (folder / "variable.toml").write_text("port = 2")
    (folder / "option.toml").write_text("port = 3")
    variables = {"MOCKSTORE_CONFIG": "variable.toml"}

    ports = [settings_from_options({}, {}).settings.port, settings_from_options({}, variables).settings.port]
    ports.append(settings_from_options({"config": "option.toml"}, variables).settings.port)

    assert ports == [1, 2, 3]


def test_a_file_says_everything_that_can_be_set(write: Write, run: Run) -> None:
    write(
        'host = "::1"\nport = 0\nseed = "random"\nclock = "virtual"\nschedule = ["1s", "5m"]\ntimeout = "2s"\n'
        'signatures = "petstore"\nsignature_time = "virtual"\nretry_after = true\nrequire_https = true\n'
        'auth = "strict"\nthreads = 1\n'
        "requests = 2\nbody_limit = 3\nrate_limit = 4\ntenants = 5\nwebhooks = 6\nhistory = 7\n"
        'database = "sqlite:///petstore.db"\ncontrol_token = "t"\nallowed_hosts = ["mock"]\ncors_origins = ["*"]\n'
        'deny_private = true\nlog_format = "json"\nlog_level = "debug"\ntls_certificate = "c.pem"\ntls_key = "k.pem"\n'
    )

    found = shown(run("config"))

    assert {name: origin for name, (_, origin) in found.items()} == {name: f"mockstore.toml: {name}" for name in NAMES}
    assert (found["seed"][0], found["schedule"][0], found["deny_private"][0]) == ("random", "1 s, 5 min", "yes")


# ---- what it shows ----------------------------------------------------------------------


def test_every_setting_is_shown_with_its_origin(write: Write, run: Run) -> None:
    write('port = 9090\nschedule = ["10s", "1m"]')

    found = shown(run("config", env={"MOCKSTORE_PORT": "7", "MOCKSTORE_ALLOWED_HOSTS": "mock, mock.internal"}))

    assert tuple(found) == NAMES
    assert found["port"] == ("7", "MOCKSTORE_PORT")
    assert found["schedule"] == ("10 s, 1 min", "mockstore.toml: schedule")
    assert found["allowed_hosts"] == ("mock, mock.internal", "MOCKSTORE_ALLOWED_HOSTS")
    assert found["timeout"] == ("the provider's", "default")
    assert found["database"] == ("memory", "default")


def test_as_json_too(write: Write, run: Run) -> None:
    write('timeout = "1m30s"\nschedule = ["10s", "1m"]\nallowed_hosts = ["mock"]')

    result = run("config", "--json", env={"MOCKSTORE_DENY_PRIVATE": "yes"})

    document = json.loads(result.stdout)
    assert tuple(document) == NAMES
    assert document["timeout"] == {"value": "90s", "from": "mockstore.toml: timeout"}
    assert document["schedule"] == {"value": ["10s", "60s"], "from": "mockstore.toml: schedule"}
    assert document["allowed_hosts"] == {"value": ["mock"], "from": "mockstore.toml: allowed_hosts"}
    assert document["deny_private"] == {"value": True, "from": "MOCKSTORE_DENY_PRIVATE"}
    assert document["port"] == {"value": 8080, "from": None}


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize(
    ("database", "masked"),
    [
        pytest.param(DATABASE, "postgresql+psycopg://me:…@db:5432/shop", id="as usual"),
        pytest.param(f"postgresql://me:{PASSWORD}@/:x@db/shop", "postgresql://me:…@db/shop", id="not quoted"),
        pytest.param(f"postgresql://db/shop?user=me&password={PASSWORD}", "?user=me&password=…", id="in the query"),
        pytest.param(f"postgresql://db/shop?sslpassword={PASSWORD}&user=b", "?sslpassword=…&user=b", id="of a key"),
        pytest.param(f"postgresql://db/shop?user=me&pass={PASSWORD}", "?user=me&pass=…", id="a slip in the query"),
        pytest.param(f"postgresql://me:{PASSWORD}/shop", "postgresql://me:…/shop", id="without a host"),
        pytest.param(f"postgres:{PASSWORD}", "postgres:…", id="no slashes"),
        pytest.param(f"postgresql:me:{PASSWORD}@db/shop", "postgresql:…", id="no slashes, with a host"),
        pytest.param(f"postgresql//me:{PASSWORD}@db/shop", "…", id="no colon"),
        pytest.param(f"host=db password={PASSWORD}", "…", id="words of libpq"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_secrets_are_masked(run: Run, options: list[str], database: str, masked: str) -> None:
    env = {"MOCKSTORE_CONTROL_TOKEN": TOKEN, "MOCKSTORE_DATABASE": database}

    said = run("config", *options, env=env).stdout

    assert TOKEN not in said
    assert PASSWORD not in said
    assert masked in (json.loads(said)["database"]["value"] if options else said)


# ---- what is refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("prot = 1", "mockstore.toml: unknown name prot; did you mean port?", id="a slip"),
        pytest.param(
            "qqqqqqqq = 1", f"mockstore.toml: unknown name qqqqqqqq; known are {', '.join(NAMES)}", id="an unknown name"
        ),
        pytest.param(
            "[serve]\nport = 1", "mockstore.toml: write the settings at the top, not in a table [serve]", id="a table"
        ),
        pytest.param("[port]\nx = 1", "mockstore.toml: port is a table; write a whole number", id="a setting as table"),
        pytest.param('port = "80"', "mockstore.toml: port is '80'; write a whole number", id="text for a number"),
        pytest.param("port = true", "mockstore.toml: port is true; write a whole number", id="yes for a number"),
        pytest.param("host = 7", 'mockstore.toml: host is 7; write a text, in quotes: "…"', id="number for a text"),
        pytest.param(
            'deny_private = "yes"', "mockstore.toml: deny_private is 'yes'; write true or false", id="text for yes"
        ),
        pytest.param(
            'cors_origins = "*"',
            'mockstore.toml: cors_origins is \'*\'; write a list of texts, such as ["a", "b"]',
            id="text for a list",
        ),
        pytest.param(
            'allowed_hosts = ["a", 1]',
            'mockstore.toml: allowed_hosts is [\'a\', 1]; write a list of texts, such as ["a", "b"]',
            id="a list of this and that",
        ),
        pytest.param(
            "port = 70000",
            "mockstore.toml: port: port is 70000; it must be 0 to 65535, where 0 takes any free port",
            id="out of range",
        ),
        pytest.param(
            'schedule = ["1s", "soon"]',
            "mockstore.toml: schedule is ['1s', 'soon']: 'soon' is no duration; write for instance 90s, 5m or 1h30m",
            id="no schedule",
        ),
        pytest.param(
            "control_token = 70312",
            'mockstore.toml: control_token is no text; write a text, in quotes: "…"',
            id="a token that is no text",
        ),
        pytest.param(
            f'control_token = "{TOKEN} {TOKEN}"',
            "mockstore.toml: control_token: control_token cannot go in a header: write letters, digits and -._~+/ "
            "without white space",
            id="a token that cannot be sent",
        ),
        pytest.param(
            'database = "sqlite:///a\\u0000b"',
            "mockstore.toml: database: database is empty or holds a NUL; leave it out, or write a text",
            id="NUL",
        ),
        pytest.param(
            'tls_certificate = ""',
            "mockstore.toml: tls_certificate: tls_certificate is empty or holds a NUL; leave it out, or write a text",
            id="empty",
        ),
        pytest.param("port = ", "mockstore.toml is no TOML: Invalid value (at end of document)", id="broken off"),
        pytest.param(
            "port = 1\nport = 2", "mockstore.toml is no TOML: Cannot overwrite a value (at end of document)", id="twice"
        ),
        pytest.param(b'host = "\xff"', "mockstore.toml is no TOML: byte 9 is not UTF-8", id="not UTF-8"),
        pytest.param(
            "seed = " + "9" * 5000,
            "mockstore.toml: it is nested too deeply, or has a number that is too long",
            id="thousands of digits",
        ),
        pytest.param(
            "seed = " + "[" * 100_000,
            "mockstore.toml: it is nested too deeply, or has a number that is too long",
            id="beyond the stack",
        ),
    ],
)
@pytest.mark.parametrize("command", ["config", "serve"])
def test_a_wrong_file_is_one_line_and_code_2(
    write: Write, run: Run, command: str, text: str | bytes, line: str
) -> None:
    write(text)

    result = run(command)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"mockstore: {line}\n")


@pytest.mark.parametrize(
    ("options", "env", "line"),
    [
        pytest.param(
            ["--config", "gone.toml"],
            {},
            "--config: cannot read 'gone.toml': No such file or directory",
            id="a missing file",
        ),
        pytest.param(
            [],
            {"MOCKSTORE_CONFIG": "gone.toml"},
            "MOCKSTORE_CONFIG: cannot read 'gone.toml': No such file or directory",
            id="by variable",
        ),
        pytest.param(["--config", "."], {}, "--config: cannot read '.': Is a directory", id="a folder"),
        pytest.param(
            [],
            {"MOCKSTORE_ALOWED_HOSTS": "x"},
            "unknown variable MOCKSTORE_ALOWED_HOSTS; did you mean MOCKSTORE_ALLOWED_HOSTS?",
            id="a slip",
        ),
        pytest.param(
            [], {"MOCKSTORE_HISTORY": "all"}, "MOCKSTORE_HISTORY is 'all': write a whole number", id="no number"
        ),
    ],
)
@pytest.mark.parametrize("command", ["config", "serve"])
@pytest.mark.usefixtures("folder")
def test_a_wrong_call_is_one_line_and_code_2(
    run: Run, command: str, options: list[str], env: dict[str, str], line: str
) -> None:
    result = run(command, *options, env=env)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"mockstore: {line}\n")


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        (
            "--allow-host",
            "a:1",
            "--allow-host: allowed_hosts is ('a:1',); it must be names without scheme or port, or *",
        ),
        ("--host", "a..b", "'a..b' is no address; choose another with --host, such as 127.0.0.1"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_an_option_is_refused_as_it_is_written(run: Run, option: str, value: str, line: str) -> None:
    result = run("serve", "--port", "0", option, value)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"mockstore: {line}\n")
