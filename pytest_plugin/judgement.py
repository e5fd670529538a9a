"""Judges a test by what its mockstores saw, at the end of its call phase: a complaint is a failure, not an error.

Only what the test's fixtures do at their end is judged then, as an error of the teardown.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mockstore import Mockstore
    from mockstore.api import PetstoreApi
    from mockstore.scenario import Scenario

TITLE = "mockstore timeline"
"""The name of the section in a test's report."""
WAY_OUT = "@pytest.mark.mockstore(strict=False)"
"""How a test does without the judgement."""

_TEARDOWN = "It happened after the test's own code, while its fixtures ended, so pytest calls it an error."
"""What is said of a complaint that comes too late to be a failure."""


class Watch:
    """What is known of one running test. No dataclass: making one would be half of what the plugin costs."""

    def __init__(self) -> None:
        self.users = 0
        """How many fixtures of the test need it."""
        self.mockstores: list[Mockstore] = []
        self.strict: list[tuple[Callable[[], None], Mockstore | PetstoreApi, str]] = []
        """Those whose complaints count, what lets them come to rest before, and how one looks at what they tell of."""
        self.scenario: tuple[Mockstore, Scenario] | None = None
        """What is played before the test's own code runs, and on which."""
        self.failed = False
        """A part of it (a subtest) has failed already."""
        self.passed = False
        """Its own code ran to the end, and there was nothing to complain about."""
        self.complaint: BaseException | None = None
        """The failure that was raised here, which tells what happened by itself."""


def _nothing() -> None:
    """Do nothing."""


WATCH = pytest.StashKey[Watch]()


@contextmanager
def watched(
    node: pytest.Item,
    mockstore: "Mockstore",
    *,
    strict: bool,
    settle: Callable[[], None] = _nothing,
    scenario: "Scenario | None" = None,
) -> Iterator[None]:
    """Let `mockstore` tell of the test of `node` while this lasts, and when `strict` judge it after `settle`.

    A `scenario` is played before the test's own code runs.
    """
    from mockstore.strict import LOOKING  # noqa: PLC0415 - a run that does not use it does not pay

    with _watch_of(node) as watch:
        watch.mockstores.append(mockstore)
        if scenario is not None:
            watch.scenario = (mockstore, scenario)
        if strict:
            watch.strict.append((settle, mockstore, LOOKING))
            mockstore.reader.examined.is_judged = True
        try:
            yield
        finally:
            watch.mockstores.remove(mockstore)
    if strict and watch.passed:
        settle()
        _must_be_none(mockstore.complaints(), [_TEARDOWN, LOOKING])


@contextmanager
def judged_too(node: pytest.Item, api: "PetstoreApi") -> Iterator[None]:
    """Let the complaints of `api` count in the test of `node`, whoever its mockstore comes from."""
    with _watch_of(node) as watch:
        watch.strict.append((_nothing, api, ""))
        yield


@contextmanager
def _watch_of(node: pytest.Item) -> Iterator[Watch]:
    """Yield what is known of the test of `node`; it is forgotten with the last who asked for it."""
    watch = node.stash.setdefault(WATCH, Watch())
    watch.users += 1
    try:
        yield watch
    finally:
        watch.users -= 1
        if not watch.users:
            del node.stash[WATCH]


def _must_be_none(complaints: Sequence[str], hints: Sequence[str]) -> None:
    """Fail with the whole text of what there is to complain about."""
    __tracebackhide__ = True
    if complaints:
        from mockstore.strict import failure_text  # noqa: PLC0415 - likewise

        raise pytest.fail.Exception(failure_text(complaints, hints, WAY_OUT), pytrace=False)


def subtests_of(item: pytest.Item) -> Callable[[str, str | None, str | None], None] | None:
    """Return what makes a subtest of a name, of what failed and of why it is skipped; None before pytest 9."""
    if not hasattr(pytest, "Subtests") or not isinstance(item, pytest.Function):
        return None

    def tell(name: str, failure: str | None, skipped: str | None) -> None:
        subtests = item._request.getfixturevalue("subtests")  # noqa: SLF001 - a fixture that few tests need is asked for late
        with subtests.test(name):
            if failure is not None:
                pytest.fail(failure, pytrace=False)
            if skipped is not None:
                pytest.skip(skipped)

    return tell


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the test when it is strict and something went wrong unseen. An exception of its own passes by: it wins."""
    __tracebackhide__ = _is_error
    watch = item.stash.get(WATCH, None)
    if watch is not None and watch.scenario is not None:
        mockstore, scenario = watch.scenario
        mockstore.play(scenario)
    result = yield
    watch = item.stash.get(WATCH, None)
    if watch is None or watch.failed:
        return result
    complaints, hints = list[str](), dict[str, None]()
    for settle, one, hint in watch.strict:
        settle()
        found = one.complaints()
        complaints += found
        hints |= dict.fromkeys([hint] if found and hint else ())
    try:
        _must_be_none(complaints, list(hints))
    except pytest.fail.Exception as complaint:
        watch.complaint = complaint
        raise
    watch.passed = True
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the timeline to the report of a test that failed, and under `--mockstore-trace` to any."""
    report = yield
    watch = item.stash.get(WATCH, None)
    if watch is None or call.when == "teardown":
        return report
    watch.failed = watch.failed or report.failed
    traced = call.when == "call" and item.config.getoption("mockstore_trace")
    is_ours = call.excinfo is not None and call.excinfo.value is watch.complaint
    if traced or (report.failed and not is_ours):
        told = [text for one in watch.mockstores if (text := _timeline(one))]
        report.sections += [(TITLE, text) for text in told or ["(no deliveries)"] * traced]
    return report


def _timeline(mockstore: "Mockstore") -> str:
    """Return the timeline, an empty text when nothing was sent; a server that is gone must not spoil the report."""
    try:
        return mockstore.timeline() if mockstore.events else ""
    except Exception as error:  # noqa: BLE001 - pytest would end the whole run
        return f"(no timeline: {error})"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the timelines that pytest keeps to itself: those of tests that did not fail."""
    if not config.getoption("mockstore_trace"):
        return
    reports = [one for outcome in ("passed", "xfailed", "xpassed") for one in terminalreporter.getreports(outcome)]
    traced = [(one.nodeid, text) for one in reports for title, text in one.sections if title == TITLE]
    if traced:
        terminalreporter.section("mockstore timelines")
    for nodeid, text in traced:
        terminalreporter.write_sep("_", nodeid)
        terminalreporter.write_line(text)


def _is_error(raised: pytest.ExceptionInfo[BaseException]) -> bool:
    """Tell an error, in whose traceback this file is noise, from an outcome such as ours."""
    return raised.errisinstance(Exception)
