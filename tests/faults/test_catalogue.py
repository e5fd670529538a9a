"""The catalogue: its names, its groups, and the page of the manual that is made from it."""

from pathlib import Path

import pytest

from mockstore import Mockstore, faults
from mockstore.errors import InvalidInputError
from mockstore.faults.page import markdown

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
WRITE = 'python -c \'from mockstore.faults.page import markdown; open("docs/faults.md", "w").write(markdown())\''


def test_every_name_is_unique_and_finds_its_fault() -> None:
    assert [faults.named(str(fault)) for fault in faults.ALL] == list(faults.ALL)


@pytest.mark.parametrize("fault", faults.ALL)
def test_every_fault_says_what_it_is(fault: faults.Fault) -> None:
    assert fault.sentence.endswith(".")
    assert fault.good_consumer.endswith(".")
    assert set(fault.acts_on) <= {"body", "headers", "due", "outcome", "wire"}
    assert [fault.compose, fault.alter, fault.course].count(None) == 2


def test_the_groups_are_told_apart_by_what_is_expected() -> None:
    expected = {
        group: {fault.expects for fault in members}
        for group, members in {
            "reject": faults.MUST_REJECT,
            "survive": faults.MUST_NOT_CRASH,
            "accept": faults.MUST_ACCEPT,
            "dedupe": faults.MUST_DEDUPE,
            "harmless": faults.MUST_BE_HARMLESS,
        }.items()
    }

    assert expected == {
        "reject": {"reject"},
        "survive": {"reject", "survive"},
        "accept": {"accept"},
        "dedupe": {"dedupe"},
        "harmless": {"dedupe", "order", "accept"},
    }


def test_only_faults_of_the_wire_need_a_socket_and_they_are_one_group() -> None:
    needy = [fault for fault in faults.ALL if fault.needs_socket]

    assert list(faults.OVER_A_SOCKET) == needy
    assert {fault.group for fault in needy} == {faults.Group.WIRE}


@pytest.mark.parametrize("fault", [faults.named("ack_lost")])
def test_a_parametrised_test_is_named_after_its_fault(fault: faults.Fault, request: pytest.FixtureRequest) -> None:
    assert request.node.name.endswith("[ack_lost]")
    assert str(fault) == "ack_lost"


def test_an_unknown_fault_is_refused_with_the_near_names_and_nothing_is_sent(store: Mockstore) -> None:
    with pytest.raises(InvalidInputError, match=r"unknown fault 'wrong_secrt': did you mean 'wrong_secret'"):
        store.emit("pet.adopted", fault="wrong_secrt")
    assert len(store.events) == 0


def test_what_is_no_fault_is_refused(store: Mockstore) -> None:
    with pytest.raises(InvalidInputError, match="42 is no fault; name one, or a list of them"):
        store.emit("pet.adopted", fault=42)  # type: ignore[arg-type] # the mistake under test


@pytest.mark.parametrize("attempts", [(), (0,), (-1,), (1.5,)], ids=str)
def test_a_fault_is_limited_to_attempts_that_there_can_be(attempts: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match="are no attempts: name whole numbers, 1 is the first"):
        faults.named("ack_lost").on(*attempts)


def test_together_the_strictest_expectation_counts() -> None:
    members = [faults.named(name) for name in ("unknown_member", "ack_lost", "wrong_secret")]

    assert [faults.expectation(members[:count]) for count in range(4)] == [None, "accept", "dedupe", "reject"]


def test_the_page_of_the_manual_is_what_the_catalogue_says() -> None:
    assert PAGE.read_text() == markdown(), f"it is out of date; write it anew: {WRITE}"
