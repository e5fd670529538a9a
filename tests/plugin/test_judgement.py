"""A strict test fails at the end of its call phase over failures that it never looked at, and only once."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin.conftest import Run

HEAD = """
import pytest


class Refused(Exception):
    pass


@pytest.fixture(autouse=True)
def receiver(mockstore):
    def receive(outgoing):
        return 500

    return mockstore.subscribe(receive)


def test_it(mockstore, receiver):
    event = mockstore.emit("pet.adopted")
"""


def test_a_failed_delivery_that_nobody_looked_at_fails_the_test_itself(run: "Run") -> None:
    run(HEAD).assert_outcomes(failed=1)


@pytest.mark.parametrize(
    "look",
    [
        pytest.param("event.delivery.attempts[0]", id="attempts"),
        pytest.param("event.delivery.state", id="state"),
        pytest.param("event.delivery.assert_rejected(500)", id="assert_rejected"),
        pytest.param("mockstore.deliveries.failed", id="failed deliveries"),
        pytest.param("receiver.assert_active()", id="the webhook's assertion"),
        pytest.param("event.delivery.assert_valid()", id="assert_valid"),
        pytest.param(
            "with pytest.raises(AssertionError): event.assert_acknowledged()", id="a failure that is expected"
        ),
    ],
)
def test_looking_settles_it(run: "Run", look: str) -> None:
    run(f"{HEAD}    {look}\n").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "glance",
    [
        pytest.param("event.deliveries", id="the collection"),
        pytest.param("len(event.delivery.attempts)", id="how many attempts there are"),
        pytest.param("repr(event.delivery)", id="a repr"),
        pytest.param("mockstore.timeline()", id="the timeline"),
        pytest.param("event.body", id="the event's bytes"),
    ],
)
def test_a_glance_does_not(run: "Run", glance: str) -> None:
    run(f"{HEAD}    {glance}\n").assert_outcomes(failed=1)


def test_a_delivery_that_was_acknowledged_in_the_end_is_none_of_it(run: "Run") -> None:
    result = run("""
def test_it(mockstore):
    answers = iter([503, 200])
    mockstore.subscribe(lambda outgoing: next(answers))
    mockstore.emit("pet.adopted")
    mockstore.clock.advance(minutes=1)
""")

    result.assert_outcomes(passed=1)


def test_what_an_inbox_was_told_to_do_is_none_of_it(run: "Run") -> None:
    result = run("""
def test_it(mockstore, mockstore_inbox):
    mockstore_inbox.will_answer("timeout")
    mockstore.emit("pet.adopted")
    mockstore.clock.advance(minutes=96)
""")

    result.assert_outcomes(passed=1)


def test_the_first_error_wins(run: "Run") -> None:
    result = run(HEAD + "    assert 1 + 1 == 3\n")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E  *assert (1 + 1) == 3", "*- mockstore timeline -*", "pet.adopted *"])
    result.stdout.no_fnmatch_line("*never looked*")


def test_a_failure_without_deliveries_has_no_timeline(run: "Run") -> None:
    result = run("def test_it(mockstore):\n    assert 1 + 1 == 3\n")

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*mockstore timeline*")


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        pytest.param('pytest.skip("for now")', "skipped", id="skip"),
        pytest.param('pytest.xfail("for now")', "xfailed", id="xfail"),
    ],
)
def test_a_test_that_gave_up_is_not_judged(run: "Run", line: str, outcome: str) -> None:
    result = run(f"{HEAD}    {line}\n")

    assert result.parseoutcomes() == {outcome: 1}


@pytest.mark.parametrize(
    ("mark", "outcome"),
    [
        pytest.param("xfail", "xfailed", id="xfail"),
        pytest.param("xfail(strict=True)", "xfailed", id="strict xfail"),
        pytest.param("xfail(raises=pytest.fail.Exception)", "xfailed", id="xfail of our kind"),
        pytest.param("xfail(raises=KeyError)", "failed", id="xfail of another kind"),
    ],
)
def test_a_complaint_is_what_xfail_expects(run: "Run", mark: str, outcome: str) -> None:
    result = run(HEAD.replace("def test_it", f"@pytest.mark.{mark}\ndef test_it"))

    assert result.parseoutcomes() == {outcome: 1}


def test_what_a_fixture_does_at_its_end_is_judged_then(run: "Run") -> None:
    result = run("""
import pytest


@pytest.fixture
def late(mockstore):
    yield
    mockstore.subscribe(lambda outgoing: 500)
    mockstore.emit("pet.adopted")


def test_it(mockstore, late): ...


def test_that_fails(mockstore, late):
    assert 1 + 1 == 3
""")

    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["1. a delivery was not acknowledged:", "It happened after the test's own code, while its fixtures ended, *"]
    )


def test_what_a_fixture_emitted_is_judged_too(run: "Run") -> None:
    result = run("""
import pytest


@pytest.fixture
def early(mockstore):
    mockstore.subscribe(lambda outgoing: 500)
    mockstore.emit("pet.adopted")


def test_it(mockstore, early): ...
""")

    result.assert_outcomes(failed=1)


def test_a_fixture_that_fails_leaves_a_timeline(run: "Run") -> None:
    result = run("""
import pytest


@pytest.fixture
def early(mockstore):
    mockstore.subscribe(lambda outgoing: 500)
    mockstore.emit("pet.adopted").assert_acknowledged()


def test_it(mockstore, early): ...
""")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*- mockstore timeline -*", "*attempt 1: 500"])


def test_unittest_cases_are_judged_alike(run: "Run") -> None:
    result = run("""
import unittest

import pytest


@pytest.mark.usefixtures("mockstore_inbox")
class TestShop(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _mockstore(self, mockstore):
        self.mockstore = mockstore

    def emit(self, status):
        self.mockstore.subscribe(lambda outgoing: status)
        return self.mockstore.emit("pet.adopted")

    def test_passes(self):
        self.emit(200).deliveries

    def test_complaint(self):
        self.emit(500)

    def test_looks(self):
        self.assertTrue([delivery.state for delivery in self.emit(500).deliveries])

    def test_fails(self):
        self.emit(500)
        self.assertEqual(1, 2)

    def test_skips(self):
        self.emit(500)
        self.skipTest("for now")

    @pytest.mark.mockstore(strict=False)
    def test_not_strict(self):
        self.emit(500)
""")

    result.assert_outcomes(passed=3, failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*_ TestShop.test_complaint _*",
            "mockstore: 1 thing went wrong, and the test never looked",
            "*_ TestShop.test_fails _*",
            "E  *AssertionError: 1 != 2",
            "*- mockstore timeline -*",
        ]
    )


def test_doctests_are_judged_alike(run: "Run", write: "Callable[[str, str], None]") -> None:
    write(
        "shop.py",
        '''
def good():
    """
    >>> mockstore = getfixture("mockstore")
    >>> webhook = mockstore.subscribe(lambda outgoing: 204)
    >>> mockstore.emit("pet.adopted").delivery.state
    <DeliveryState.DELIVERED: 'delivered'>
    """


def unseen():
    """
    >>> mockstore = getfixture("mockstore")
    >>> webhook = mockstore.subscribe(lambda outgoing: 500)
    >>> event = mockstore.emit("pet.adopted")
    """
''',
    )

    result = run("", "--doctest-modules", "shop.py")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*mockstore: 1 thing went wrong, and the test never looked"])


def test_a_failed_subtest_is_a_failure_of_the_test(run: "Run") -> None:
    result = run("""
import unittest

import pytest


@pytest.fixture
def failing(mockstore):
    mockstore.subscribe(lambda outgoing: 500)
    return mockstore


def test_subtests(failing, subtests):
    failing.emit("pet.adopted")
    with subtests.test("first"):
        assert 1 + 1 == 3


def test_passing_subtests(failing, subtests):
    failing.emit("pet.adopted")
    with subtests.test("first"):
        assert True


class TestUnittest(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _failing(self, failing):
        self.failing = failing

    def test_subtest(self):
        self.failing.emit("pet.adopted")
        with self.subTest("first"):
            self.assertEqual(1 + 1, 3)
""")

    shown = result.stdout.str()
    assert shown.count("mockstore: 1 thing went wrong, and the test never looked\n") == 1
    assert shown.count("- mockstore timeline -") == 2
    result.stdout.fnmatch_lines(["*_ test_passing_subtests _*", "mockstore: 1 thing went wrong*"])


def test_a_rerun_starts_afresh(run: "Run") -> None:
    result = run(
        """
runs = []


def test_it(mockstore):
    assert not mockstore.events
    runs.append(1)
    mockstore.subscribe(lambda outgoing: 500 if len(runs) == 1 else 200)
    mockstore.emit("pet.adopted")
""",
        conftest="""
import pytest
from _pytest.runner import runtestprotocol


@pytest.hookimpl
def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    first = runtestprotocol(item, nextitem=nextitem, log=False)
    assert [report.outcome for report in first] == ["passed", "failed", "passed"]
    item._initrequest()
    runtestprotocol(item, nextitem=nextitem)
    return True
""",
    )

    result.assert_outcomes(passed=1)


TRACED = """
import pytest


def test_passes(mockstore, mockstore_inbox):
    mockstore.emit("pet.adopted")


@pytest.mark.xfail
def test_xfails(mockstore):
    mockstore.subscribe(lambda outgoing: 500)
    mockstore.emit("order.created").assert_acknowledged()


def test_fails(mockstore):
    mockstore.subscribe(lambda outgoing: 500)
    mockstore.emit("payment.failed").assert_acknowledged()


def test_quiet(mockstore): ...


def test_without(): ...
"""


@pytest.mark.parametrize("workers", [pytest.param([], id="alone"), pytest.param(["-n1"], id="xdist")])
def test_the_trace_option_shows_every_timeline(run: "Run", workers: list[str]) -> None:
    result = run(TRACED, "--mockstore-trace", *workers, apart=bool(workers))

    result.stdout.fnmatch_lines(
        [
            "*- mockstore timeline -*",
            "payment.failed *: pending after 1 attempt",
            "*= mockstore timelines =*",
            "*_ test_shop.py::test_passes _*",
            "pet.adopted *: delivered after 1 attempt",
            "*_ test_shop.py::test_quiet _*",
            "(no deliveries)",
            "*_ test_shop.py::test_xfails _*",
            "order.created *: pending after 1 attempt",
        ]
    )
    result.stdout.no_fnmatch_line("*_ test_shop.py::test_without _*")


def test_without_the_option_a_passing_test_shows_nothing(run: "Run") -> None:
    result = run(TRACED, "-k", "passes", "-rP")

    result.assert_outcomes(passed=1, deselected=4)
    result.stdout.no_fnmatch_line("*mockstore timeline*")
