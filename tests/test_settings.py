"""The server's settings: defaults, environment variables, and how wrong values are refused."""

from datetime import timedelta
from typing import Any

import pytest

from mockstore.delivery.schedule import RetryPolicy
from mockstore.errors import InvalidInputError
from mockstore.settings import READ_ELSEWHERE, Settings


def test_the_defaults_are_loopback_port_8080_and_the_systems_clock() -> None:
    settings = Settings.from_environment({})

    assert settings == Settings()
    assert (settings.host, settings.port, settings.clock, settings.auth) == ("127.0.0.1", 8080, "system", "observed")


@pytest.mark.parametrize(
    ("variable", "value", "member", "read"),
    [
        pytest.param("MOCKSTORE_HOST", "::1", "host", "::1", id="host"),
        pytest.param("MOCKSTORE_PORT", "0", "port", 0, id="port"),
        pytest.param("MOCKSTORE_SEED", "7", "seed", 7, id="seed"),
        pytest.param("MOCKSTORE_SEED", "random", "seed", None, id="no seed"),
        pytest.param("MOCKSTORE_CLOCK", "virtual", "clock", "virtual", id="clock"),
        pytest.param(
            "MOCKSTORE_SCHEDULE",
            "1s,5m",
            "schedule",
            RetryPolicy((timedelta(seconds=1), timedelta(minutes=5))),
            id="schedule",
        ),
        pytest.param("MOCKSTORE_TIMEOUT", "2.5s", "timeout", timedelta(seconds=2.5), id="timeout"),
        pytest.param(
            "MOCKSTORE_SIGNATURES",
            "petstore, standard-webhooks",
            "signatures",
            ("petstore", "standard-webhooks"),
            id="signatures",
        ),
        pytest.param("MOCKSTORE_SIGNATURE_TIME", "virtual", "signature_time", "virtual", id="signature time"),
        pytest.param("MOCKSTORE_RETRY_AFTER", "true", "retry_after", True, id="true"),
        pytest.param("MOCKSTORE_REQUIRE_HTTPS", "Yes", "require_https", True, id="yes"),
        pytest.param("MOCKSTORE_REQUIRE_HTTPS", "0", "require_https", False, id="no"),
        pytest.param("MOCKSTORE_AUTH", "strict", "auth", "strict", id="auth"),
        pytest.param("MOCKSTORE_THREADS", "2", "threads", 2, id="threads"),
        pytest.param("MOCKSTORE_REQUESTS", "3", "requests", 3, id="requests"),
        pytest.param("MOCKSTORE_BODY_LIMIT", "1024", "body_limit", 1024, id="body limit"),
        pytest.param("MOCKSTORE_RATE_LIMIT", "60", "rate_limit", 60, id="rate limit"),
        pytest.param("MOCKSTORE_RATE_LIMIT", "none", "rate_limit", None, id="no rate limit"),
        pytest.param("MOCKSTORE_TENANTS", "5", "tenants", 5, id="tenants"),
        pytest.param("MOCKSTORE_WEBHOOKS", "6", "webhooks", 6, id="webhooks"),
        pytest.param("MOCKSTORE_HISTORY", "7", "history", 7, id="history"),
        pytest.param("MOCKSTORE_DATABASE", "sqlite:///a.db", "database", "sqlite:///a.db", id="database"),
        pytest.param("MOCKSTORE_CONTROL_TOKEN", "a.b-_~+/==", "control_token", "a.b-_~+/==", id="control token"),
        pytest.param("MOCKSTORE_ALLOWED_HOSTS", "mock, a.test,", "allowed_hosts", ("mock", "a.test"), id="hosts"),
        pytest.param("MOCKSTORE_ALLOWED_HOSTS", "*", "allowed_hosts", ("*",), id="any host"),
        pytest.param(
            "MOCKSTORE_CORS_ORIGINS",
            "https://shop.test,http://[::1]:80",
            "cors_origins",
            ("https://shop.test", "http://[::1]:80"),
            id="origins",
        ),
        pytest.param("MOCKSTORE_DENY_PRIVATE", "true", "deny_private", True, id="deny private"),
        pytest.param("MOCKSTORE_LOG_FORMAT", "json", "log_format", "json", id="log format"),
        pytest.param("MOCKSTORE_LOG_LEVEL", "debug", "log_level", "debug", id="log level"),
        pytest.param("MOCKSTORE_TLS_CERTIFICATE", "a.pem", "tls_certificate", "a.pem", id="certificate"),
    ],
)
def test_a_variable_is_read_as_its_setting(variable: str, value: str, member: str, read: object) -> None:
    assert getattr(Settings.from_environment({variable: f" {value} "}), member) == read


def test_every_setting_has_a_variable() -> None:
    names = [f"MOCKSTORE_{name.upper()}" for name in Settings.__struct_fields__]

    with pytest.raises(InvalidInputError) as caught:
        Settings.from_environment({"MOCKSTORE_QQQQQQQQQQQQ": "1"})

    assert str(caught.value) == f"unknown variable MOCKSTORE_QQQQQQQQQQQQ; known are {', '.join(names)}"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        pytest.param(
            {"MOCKSTORE_PROT": "1"}, "unknown variable MOCKSTORE_PROT; did you mean MOCKSTORE_PORT?", id="a slip"
        ),
        pytest.param({"MOCKSTORE_PORT": "80 80"}, "MOCKSTORE_PORT is '80 80': write a whole number", id="no number"),
        pytest.param(
            {"MOCKSTORE_PORT": "65536"},
            "MOCKSTORE_PORT: port is 65536; it must be 0 to 65535, where 0 takes any free port",
            id="no port",
        ),
        pytest.param(
            {"MOCKSTORE_SEED": "seven"}, "MOCKSTORE_SEED is 'seven': write a whole number, or none", id="no seed"
        ),
        pytest.param(
            {"MOCKSTORE_CLOCK": "sundial"},
            "MOCKSTORE_CLOCK: clock is 'sundial'; it must be system or virtual",
            id="no clock",
        ),
        pytest.param(
            {"MOCKSTORE_REQUIRE_HTTPS": "maybe"},
            "MOCKSTORE_REQUIRE_HTTPS is 'maybe': write yes or no",
            id="neither yes nor no",
        ),
        pytest.param(
            {"MOCKSTORE_SCHEDULE": "soon"},
            "MOCKSTORE_SCHEDULE is 'soon': 'soon' is no duration; write for instance 90s, 5m or 1h30m",
            id="no schedule",
        ),
        pytest.param(
            {"MOCKSTORE_TIMEOUT": "0"},
            "MOCKSTORE_TIMEOUT: timeout is 0 s; it must be more than 0 and at most 20 days",
            id="no time",
        ),
        pytest.param(
            {"MOCKSTORE_SIGNATURES": "pgp"},
            "MOCKSTORE_SIGNATURES: signatures is ('pgp',); it must be names out of petstore, standard-webhooks",
            id="no scheme",
        ),
        pytest.param(
            {"MOCKSTORE_TLS_KEY": "key.pem"},
            "MOCKSTORE_TLS_KEY: tls_key is 'key.pem'; it must be given with tls_certificate",
            id="half of TLS",
        ),
        pytest.param(
            {"MOCKSTORE_TIMEOUT": "99999999999999h"},
            "MOCKSTORE_TIMEOUT is '99999999999999h': '99999999999999h' is longer than the longest duration, 36500d",
            id="more time than there is",
        ),
        pytest.param(
            {"MOCKSTORE_WEBHOOKS": "0"}, "MOCKSTORE_WEBHOOKS: webhooks is 0; it must be at least 1", id="no webhooks"
        ),
        pytest.param(
            {"MOCKSTORE_HISTORY": "none"}, "MOCKSTORE_HISTORY is 'none': write a whole number", id="endless history"
        ),
        pytest.param(
            {"MOCKSTORE_CONTROL_TOKEN": "do not show"},
            "MOCKSTORE_CONTROL_TOKEN: control_token cannot go in a header: write letters, digits and -._~+/ without "
            "white space",
            id="a token that no header can carry",
        ),
        pytest.param(
            {"MOCKSTORE_ALLOWED_HOSTS": "mock:8080"},
            "MOCKSTORE_ALLOWED_HOSTS: allowed_hosts is ('mock:8080',); it must be names without scheme or port, or *",
            id="a port of a host",
        ),
        pytest.param(
            {"MOCKSTORE_CORS_ORIGINS": "https://shop.test/"},
            "MOCKSTORE_CORS_ORIGINS: cors_origins is ('https://shop.test/',); it must be origins such as "
            "https://shop.example.com:8443, without a path, or *",
            id="a path of an origin",
        ),
        pytest.param(
            {"MOCKSTORE_DENY_PRIVATE": "on"}, "MOCKSTORE_DENY_PRIVATE is 'on': write yes or no", id="deny private"
        ),
        pytest.param(
            {"MOCKSTORE_LOG_FORMAT": "xml"},
            "MOCKSTORE_LOG_FORMAT: log_format is 'xml'; it must be text or json",
            id="no log format",
        ),
        pytest.param(
            {"MOCKSTORE_LOG_LEVEL": "INFO"},
            "MOCKSTORE_LOG_LEVEL: log_level is 'INFO'; it must be debug or info or warning or error",
            id="no log level",
        ),
    ],
)
def test_a_wrong_variable_is_refused_by_its_name(variables: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Settings.from_environment(variables)

    assert str(caught.value) == message
    assert caught.value.field == next(iter(variables))


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"host": " "}, id="host"),
        pytest.param({"port": -1}, id="port"),
        pytest.param({"threads": 0}, id="threads"),
        pytest.param({"requests": 0}, id="requests"),
        pytest.param({"body_limit": 0}, id="body_limit"),
        pytest.param({"rate_limit": 0}, id="rate_limit"),
        pytest.param({"tenants": 0}, id="tenants"),
        pytest.param({"webhooks": 0}, id="webhooks"),
        pytest.param({"history": 0}, id="history"),
        pytest.param({"database": " "}, id="database"),
        pytest.param({"control_token": ""}, id="control_token"),
        pytest.param({"allowed_hosts": ("http://mock",)}, id="allowed_hosts"),
        pytest.param({"allowed_hosts": ("a\n",)}, id="allowed_hosts with a line's end"),
        pytest.param({"cors_origins": ("mock",)}, id="cors_origins"),
        pytest.param({"cors_origins": ("null",)}, id="cors_origins of pages without one"),
        pytest.param({"log_format": "xml"}, id="log_format"),
        pytest.param({"log_level": "loud"}, id="log_level"),
        pytest.param({"tls_certificate": ""}, id="tls_certificate"),
        pytest.param({"tls_key": "a\0b", "tls_certificate": "c.pem"}, id="tls_key"),
        pytest.param({"auth": "none"}, id="auth"),
        pytest.param({"signature_time": "noon"}, id="signature_time"),
        pytest.param({"signatures": ()}, id="signatures"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Settings(**settings)

    assert caught.value.field == next(iter(settings))


def test_empty_variables_and_those_of_others_are_left_alone() -> None:
    others = dict.fromkeys(READ_ELSEWHERE, "http://127.0.0.1:9") | {"PATH": "/bin", "MOCKSTORE_PORT": " "}

    assert Settings.from_environment(others) == Settings()


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param({"control_token": "hunter2 hunter2"}, id="control token"),
        pytest.param({"database": "postgresql://me:hunter2@db/\0"}, id="database"),
    ],
)
def test_the_refusal_of_a_secret_does_not_quote_it(secret: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Settings(**secret)

    assert "hunter2" not in str(caught.value)
