"""Fails a strict test over unseen failures of its mockstores, at the end of its call phase.

So pytest reports a failure. What happens during the teardown of the fixtures is reported then, as an error.
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
"""The marker that turns the check off."""

_TEARDOWN = "It happened after the test's own code, while its fixtures ended, so pytest calls it an error."
"""The hint for a complaint found during teardown."""


class Watch:
    """The state of one running test. No dataclass, since creating the class would double the import time."""

    def __init__(self) -> None:
        self.users = 0
        """How many fixtures of the test use this object."""
        self.mockstores: list[Mockstore] = []
        self.strict: list[tuple[Callable[[], None], Mockstore | PetstoreApi, str]] = []
        """A function that waits for attempts under way, the object with complaints, and a hint how to look at them."""
        self.scenario: tuple[Mockstore, Scenario] | None = None
        """The scenario to play before the test's own code, and the mockstore to play it on."""
        self.failed = False
        """Whether a part of the test, such as a subtest, has failed."""
        self.passed = False
        """Whether the test's own code has ended without complaints."""
        self.complaint: BaseException | None = None
        """The failure raised by this plugin; its text already has the timelines."""


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
    """Add the timeline of `mockstore` to reports of the test `node`; if `strict`, fail over its complaints.

    `settle` is called before the check. `scenario` is played before the test's own code.
    """
    from mockstore.strict import LOOKING  # noqa: PLC0415 - imported only when used

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
def also_checked(node: pytest.Item, api: "PetstoreApi") -> Iterator[None]:
    """Fail the test `node` over complaints of `api` as well."""
    with _watch_of(node) as watch:
        watch.strict.append((_nothing, api, ""))
        yield


@contextmanager
def _watch_of(node: pytest.Item) -> Iterator[Watch]:
    """Yield the state of the test `node`; it is deleted when its last user ends."""
    watch = node.stash.setdefault(WATCH, Watch())
    watch.users += 1
    try:
        yield watch
    finally:
        watch.users -= 1
        if not watch.users:
            del node.stash[WATCH]


def _must_be_none(complaints: Sequence[str], hints: Sequence[str]) -> None:
    """Fail with a text of all complaints, if there are any."""
    __tracebackhide__ = True
    if complaints:
        from mockstore.strict import failure_text  # noqa: PLC0415 - likewise

        raise pytest.fail.Exception(failure_text(complaints, hints, WAY_OUT), pytrace=False)


def subtests_of(item: pytest.Item) -> Callable[[str, str | None, str | None], None] | None:
    """Return a function that reports a subtest: name, failure, reason to skip. None before pytest 9."""
    if not hasattr(pytest, "Subtests") or not isinstance(item, pytest.Function):
        return None

    def tell(name: str, failure: str | None, skipped: str | None) -> None:
        subtests = item._request.getfixturevalue("subtests")  # noqa: SLF001 - few tests need this fixture
        with subtests.test(name):
            if failure is not None:
                pytest.fail(failure, pytrace=False)
            if skipped is not None:
                pytest.skip(skipped)

    return tell


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a strict test over complaints, unless the test itself has raised an exception."""
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
    """Add the timelines to the report of a failed test, and with `--mockstore-trace` of every test."""
    report = yield
    watch = item.stash.get(WATCH, None)
    if watch is None or call.when == "teardown":
        return report
    watch.failed = watch.failed or report.failed
    traced = call.when == "call" and item.config.getoption("mockstore_trace")
    is_ours = call.excinfo is not None and call.excinfo.value is watch.complaint
    if traced or (report.failed and not is_ours):
        texts = [text for one in watch.mockstores if (text := _timeline(one))]
        report.sections += [(TITLE, text) for text in texts or ["(no deliveries)"] * traced]
    return report


def _timeline(mockstore: "Mockstore") -> str:
    """Return the timeline; an empty text without events, and a note if the server cannot be reached."""
    try:
        return mockstore.timeline() if mockstore.events else ""
    except Exception as error:  # noqa: BLE001 - pytest would end the whole run
        return f"(no timeline: {error})"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """With `--mockstore-trace`, show the timelines of tests that did not fail, which pytest does not show."""
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
    """Return whether this is an error, whose traceback should not show this file, and not a pytest outcome."""
    return raised.errisinstance(Exception)
