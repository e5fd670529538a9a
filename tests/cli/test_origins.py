"""The error of a wrong setting names the option, the variable, or the file and name, that has set it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import trustme
from click.testing import Result

from mockstore.settings import NAMES, variable_of

Run = Callable[..., Result]

WRONG: Mapping[str, tuple[str, str, str | None]] = {
    "host": ("a..b", '"a..b"', "--host"),
    "port": ("70000", "70000", "--port"),
    "seed": ("seven", '"seven"', "--seed"),
    "clock": ("sundial", '"sundial"', "--clock"),
    "schedule": ("99999999h", '["99999999h"]', "--schedule"),
    "timeout": ("30d", '"30d"', "--timeout"),
    "signatures": ("pgp", '["pgp"]', "--signatures"),
    "signature_time": ("noon", '"noon"', None),
    "retry_after": ("maybe", '"maybe"', None),
    "require_https": ("maybe", '"maybe"', None),
    "auth": ("none", '"none"', "--auth"),
    "threads": ("0", "0", "--threads"),
    "requests": ("0", "0", None),
    "body_limit": ("0", "0", None),
    "rate_limit": ("0", "0", "--rate-limit"),
    "tenants": ("0", "0", None),
    "webhooks": ("0", "0", "--max-webhooks"),
    "history": ("9" * 30, "9" * 18, "--history"),
    "database": ("shop", '"shop"', "--database"),
    "control_token": ("a,b", '"a,b"', "--control-token"),
    "allowed_hosts": ("a:1", '["a:1"]', "--allow-host"),
    "cors_origins": ("shop", '["shop"]', "--cors"),
    "deny_private": ("maybe", '"maybe"', None),
    "log_format": ("xml", '"xml"', "--log-format"),
    "log_level": ("loud", '"loud"', "--log-level"),
    "tls_certificate": ("gone.pem", '"gone.pem"', "--tls-cert"),
    "tls_key": ("gone.pem", '"gone.pem"', "--tls-key"),
}
"""For each setting a wrong value, as a text and as in the file, and the option that sets it (None: there is none)."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_table_has_every_setting() -> None:
    assert tuple(WRONG) == NAMES


@pytest.mark.parametrize(
    ("option", "text"), [(option, text) for text, _, option in WRONG.values() if option is not None]
)
def test_an_option_is_named(run: Run, option: str, text: str) -> None:
    result = run("serve", option, text)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1), result.output
    assert option in result.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_variable_is_named(run: Run, name: str) -> None:
    result = run("serve", env={variable_of(name): WRONG[name][0]})

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1), result.output
    assert result.stderr.startswith((f"mockstore: {variable_of(name)}: ", f"mockstore: {variable_of(name)} is "))


@pytest.mark.parametrize("name", NAMES)
def test_the_file_and_the_name_in_it_are_named(run: Run, folder: Path, name: str) -> None:
    (folder / "mockstore.toml").write_text(f"{name} = {WRONG[name][1]}", "utf-8")

    result = run("serve")

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1), result.output
    assert result.stderr.startswith((f"mockstore: mockstore.toml: {name}: ", f"mockstore: mockstore.toml: {name} is "))


@pytest.mark.parametrize(
    ("options", "env", "line"),
    [
        pytest.param(
            ["--schedule", "1s,soon"],
            {},
            "--schedule: 'soon' is no duration; write for instance 90s, 5m or 1h30m",
            id="a wait of an option",
        ),
        pytest.param(
            ["--tls-cert", "there.pem"],
            {"MOCKSTORE_TLS_KEY": "gone.pem"},
            "MOCKSTORE_TLS_KEY: gone.pem: No such file or directory; it must be a readable PEM file",
            id="the file that is missing of two",
        ),
        pytest.param(
            [],
            {"MOCKSTORE_DATABASE": "sqlite://"},
            "MOCKSTORE_DATABASE: a SQLite database in memory keeps nothing, and memory is used without a database "
            "anyway: leave it out, or name a file: sqlite:///petstore.db",
            id="a database that is none",
        ),
        pytest.param(
            ["--history", "9999999999"],
            {},
            "--history: history is 9999999999; it must be at most 2147483647",
            id="more than can be counted",
        ),
    ],
)
def test_the_line_says_what_is_wrong_there(
    run: Run, folder: Path, options: list[str], env: dict[str, str], line: str
) -> None:
    trustme.CA().cert_pem.write_to_path(str(folder / "there.pem"))

    result = run("serve", *options, env=env)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"mockstore: {line}\n")


@pytest.mark.parametrize(
    ("arguments", "env", "line"),
    [
        pytest.param(
            ("--server", "shop"),
            {"MOCKSTORE_SERVER": "http://127.0.0.1:9"},
            "--server: no usable URL: 'shop'; it must start with http:// or https:// and name a host",
            id="an option",
        ),
        pytest.param(
            (),
            {"MOCKSTORE_SERVER": "shop"},
            "MOCKSTORE_SERVER: no usable URL: 'shop'; it must start with http:// or https:// and name a host",
            id="a variable",
        ),
        pytest.param(
            ("--token", "ü"),
            {},
            "--token cannot go in a header: it must be printable ASCII",
            id="the option of a token",
        ),
        pytest.param(
            (),
            {"MOCKSTORE_CONTROL_TOKEN": "ü"},
            "MOCKSTORE_CONTROL_TOKEN cannot go in a header: it must be printable ASCII",
            id="the variable of a token",
        ),
    ],
)
@pytest.mark.parametrize(
    "command",
    [("deliveries",), ("emit", "pet.adopted"), ("listen", "--port", "0", "--register")],
    ids=lambda command: command[0],
)
def test_the_other_commands_name_it_too(
    run: Run, command: tuple[str, ...], arguments: tuple[str, ...], env: dict[str, str], line: str
) -> None:
    result = run(*command, *arguments, env=env)

    assert (result.exit_code, result.stderr) == (2, f"mockstore: {line}\n")
