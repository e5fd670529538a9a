"""`mockstore doctor` and `mockstore completion`."""

import json
import re
from collections.abc import Callable

import pytest
from click.testing import Result


def test_a_whole_installation_with_a_server_is_fine(at_server: Callable[..., Result], server: str) -> None:
    result = at_server("doctor")

    assert result.exit_code == 0, result.stdout
    assert "✗" not in result.stdout
    assert re.search(rf"^✓ server +{re.escape(server)} answers, mockstore \d", result.stdout, re.MULTILINE)
    assert re.search(r"^✓ plugin +fixtures are there, for pytest \d", result.stdout, re.MULTILINE)
    assert re.search(r"^✓ schemas +6 event types, and their samples fit$", result.stdout, re.MULTILINE)
    assert re.search(r"^✓ signatures +a known signature verifies$", result.stdout, re.MULTILINE)


def test_a_server_that_was_named_and_does_not_run_is_wrong(run: Callable[..., Result]) -> None:
    result = run("doctor", "--server", "http://127.0.0.1:9", "--json")

    (wrong,) = (one for one in json.loads(result.stdout)["findings"] if one["word"] == "wrong")
    assert result.exit_code == 1
    assert wrong == {
        "subject": "server",
        "word": "wrong",
        "text": "no mockstore answers at http://127.0.0.1:9; start one with `mockstore serve`, or say --server URL",
    }


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(run: Callable[..., Result], shell: str) -> None:
    result = run("completion", shell)

    assert result.exit_code == 0, result.stderr
    assert "_MOCKSTORE_COMPLETE" in result.stdout


def test_another_shell_is_refused_in_one_line(run: Callable[..., Result]) -> None:
    result = run("completion", "tcsh")

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "'bash', 'zsh', 'fish'" in result.stderr
