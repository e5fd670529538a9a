"""An invalid ini setting gives a one-line error with its name, without a traceback."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Run


@pytest.mark.parametrize(
    ("ini", "line"),
    [
        pytest.param("mockstore_seed = x", "the ini setting mockstore_seed: *'x'*", id="a seed that is no number"),
        pytest.param(
            "mockstore_schemas = nowhere",
            "the ini setting mockstore_schemas: event schema *nowhere: there is no such folder; name a folder of "
            "<event type>.json files",
            id="a folder that is not there",
        ),
    ],
)
def test_a_wrong_setting_is_named(run: "Run", ini: str, line: str) -> None:
    result = run("def test_it(mockstore): ...", ini=ini)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([line])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*raise *")


@pytest.mark.parametrize(
    "verb", ["mockstore.emit('pet.adopted')", "mockstore.pets.add().adopt()"], ids=["an event", "the shop"]
)
def test_a_verb_that_cannot_wait_says_which_can(run: "Run", verb: str) -> None:
    result = run(f"""
import asyncio


def test_it(mockstore):
    async def receive(outgoing): ...

    async def use():
        {verb}

    mockstore.subscribe(receive)
    asyncio.run(use())
""")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        "E *the receiver is an async function: use `await mockstore.aemit(...)`, "
        "`await mockstore.aadvance(...)`, and for the shop's verbs `await mockstore.aserve(lambda: ...)`"
    )
