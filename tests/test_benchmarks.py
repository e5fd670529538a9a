"""The benchmarks run and report figures. The figures depend on the machine, so no test checks how large they are."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import history, ladder
from benchmarks.driver import Order, is_whole
from benchmarks.harness import Goal, Peer, Row, Section, race
from benchmarks.mocks import MOCKS, Callback
from benchmarks.table import text_of

ROOT = Path(__file__).parent.parent


def test_a_section_finds_a_figure_for_us_and_for_every_peer() -> None:
    section = ladder.measure(rounds=1, times=1)

    (row,) = section.rows
    figures = [row.ours, *(peer.figure for peer in row.peers)]
    assert len(figures) == 3
    assert all(math.isfinite(figure) and figure > 0 for figure in figures)


def test_the_command_refuses_a_section_that_is_not_there() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "laddr"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stdout) == (2, "")
    assert "no section 'laddr'; there are: in_process, ladder" in run.stderr


def test_rivals_take_turns_and_the_median_counts() -> None:
    turns: list[str] = []
    figures = {"one": iter([3.0, 1.0, 2.0]), "other": iter([9.0, 9.0, 1.0])}

    def measure(name: str) -> float:
        turns.append(name)
        return next(figures[name])

    found = race({"one": lambda: measure("one"), "other": lambda: measure("other")}, rounds=3)

    assert found == {"one": 2.0, "other": 9.0}
    assert turns == ["one", "other", "other", "one", "one", "other"]


@pytest.mark.parametrize(
    ("sign", "figure", "is_met"),
    [
        pytest.param("≤", 400, True, id="at most, just"),
        pytest.param("≤", 401, False, id="at most, over"),
        pytest.param("<", 400, False, id="below, just not"),
        pytest.param("≥", 400, True, id="at least, just"),
        pytest.param("≥", 399, False, id="at least, under"),
    ],
)
def test_a_goal_says_whether_it_is_met(sign: str, figure: float, is_met: bool) -> None:  # noqa: FBT001 - a column of the table
    assert Goal(sign, 400).is_met_by(figure) is is_met


def test_a_table_shows_figures_ratios_and_verdicts() -> None:
    peers = (Peer("responses", 1000, Goal("<", 0.5)), Peer("other", 200))
    section = Section("One event", (Row("one", "µs", 600, Goal("≤", 700), peers),), "by hand")

    assert text_of(section).splitlines() == [
        "One event",
        "  what    ours  peer                 ratio  goal",
        "  one   600 µs                              ≤ 700 µs  ok",
        "                responses  1,000 µs   0.60  < 0.50    behind",
        "                other        200 µs   3.00",
        "  (by hand)",
    ]


def test_a_stream_through_a_bounded_history_is_measured_at_its_middle_and_at_its_end() -> None:
    section = history.measure(events=200, keep=10)

    (row,) = section.rows
    assert row.ours > 0
    assert [peer.name for peer in row.peers] == ["the same at the middle"]


@pytest.mark.parametrize(
    ("received", "complete"),
    [
        pytest.param(b"HTTP/1.1 202 Accepted\r\nContent-Le", False, id="amid its head"),
        pytest.param(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{", False, id="amid its body"),
        pytest.param(b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}", True, id="with its body"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", True, id="without a body"),
        pytest.param(
            b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", False, id="amid chunks"
        ),
        pytest.param(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True, id="all chunks"),
    ],
)
def test_an_answer_is_read_to_its_end(received: bytes, complete: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_whole(received) is complete


def test_a_refused_request_is_an_error_and_not_a_figure() -> None:
    with pytest.raises(ValueError, match=r"a request was answered b'HTTP/1\.1 404 Not Found"):
        is_whole(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def test_a_request_tells_the_length_of_its_body() -> None:
    order = Order(port=80, path="/emit", body="{}", times=1, clients=1, load="rate")

    head, _, body = order.request.partition(b"\r\n\r\n")

    assert head.startswith(b"POST /emit HTTP/1.1\r\n")
    assert b"Content-Length: 2" in head.split(b"\r\n")
    assert body == b"{}"


@pytest.mark.parametrize("name", MOCKS)
def test_a_mock_is_told_to_call_with_the_bytes_of_the_others(name: str) -> None:
    callback = Callback("http://127.0.0.1:9/hook", '{"pet": "Rex"}')

    document = json.dumps(MOCKS[name].written(callback))

    assert json.dumps(callback.url) in document
    assert json.dumps(callback.body) in document
