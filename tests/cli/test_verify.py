import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
STANDARD = (
    "--header",
    "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
    "--header",
    "webhook-timestamp: 1614265330",
    "--header",
    "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
)
"""The published vector of Standard Webhooks (contract 1.2)."""


def test_a_genuine_signature_is_code_0(run: Run) -> None:
    result = run("verify", "--secret", SECRET, *STANDARD, stdin=BODY)

    assert result.exit_code == 0
    assert result.stdout == (
        "✓ valid  standard-webhooks\n"
        "  The signature is genuine: the secret whsec_…LaSw signed exactly this body of 20 bytes at "
        "2021-02-25T15:02:10Z, an age that was not judged.\n"
    )


def test_a_signature_of_other_bytes_is_code_1_with_the_reason(run: Run) -> None:
    result = run("verify", "--secret", SECRET, *STANDARD, stdin=BODY + b"\n")

    assert result.exit_code == 1
    assert result.stdout.startswith("✗ trailing_newline  standard-webhooks\n  The signature is right for the body ")


def test_json_says_each_verdict(run: Run) -> None:
    result = run("verify", "--secret", "other", *STANDARD, "--signature", "sha256=00", "--json", stdin=BODY)

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["ok"] is False
    assert [(one["scheme"], one["ok"], one["reason"]) for one in document["verdicts"]] == [
        ("petstore", False, "wrong_length"),
        ("standard-webhooks", False, "mismatch"),
    ]


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        pytest.param(["--max-age", "5m"], "stale_timestamp", id="age is judged on request"),
        pytest.param(["--scheme", "petstore"], "wrong_scheme", id="the scheme can be chosen"),
    ],
)
def test_options_ask_for_more(extra: list[str], reason: str, run: Run) -> None:
    result = run("verify", "--secret", SECRET, *STANDARD, *extra, stdin=BODY)

    assert result.exit_code == 1
    assert result.stdout.startswith(f"✗ {reason} ")


def test_files_are_evidence(run: Run, tmp_path: Path) -> None:
    received, sent = tmp_path / "received", tmp_path / "sent"
    received.write_bytes(BODY.replace(b"4", b"5"))
    sent.write_bytes(BODY)

    result = run("verify", "--secret", SECRET, *STANDARD, "--body", str(received), "--sent-body", str(sent))

    assert result.exit_code == 1
    assert "body_changed" in result.stdout
    assert "differs from byte 11 on" in result.stdout


def test_a_former_secret_is_recognised(run: Run) -> None:
    result = run("verify", "--secret", "whsec_AAAA", "--old-secret", SECRET, *STANDARD, stdin=BODY)

    assert (result.exit_code, "✗ old_secret" in result.stdout) == (1, True)


def test_no_secret_is_shown_whole(run: Run) -> None:
    result = run("verify", "--secret", SECRET, "--old-secret", SECRET[::-1], *STANDARD, stdin=BODY + b"?")

    assert SECRET not in result.output
    assert SECRET[::-1] not in result.output


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(
            ["--secret", "s"],
            "mockstore: no header to verify; say --signature sha256=… or --header 'NAME: VALUE' "
            "(see `mockstore verify --help`)",
            id="no header",
        ),
        pytest.param(
            ["--secret", "s", "--header", "sha256=00"],
            "mockstore: 'sha256=00' is no header; write for instance --header 'X-Webhook-Signature: sha256=…' "
            "(see `mockstore verify --help`)",
            id="a header without a name",
        ),
        pytest.param(
            ["--secret", "s", "--signature", "x", "--body", "nowhere.json"],
            "mockstore: Invalid value for '--body': 'nowhere.json': No such file or directory "
            "(see `mockstore verify --help`)",
            id="missing file",
        ),
        pytest.param(
            ["--signature", "x"], "mockstore: Missing option '--secret' (see `mockstore verify --help`)", id="no secret"
        ),
    ],
)
def test_what_cannot_be_judged_is_code_2(arguments: list[str], line: str, run: Run) -> None:
    result = run("verify", *arguments, stdin=BODY)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{line}\n")
