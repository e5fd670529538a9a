"""Plays a scenario inside a Mockstore that is there already: that of a test."""

from collections.abc import Mapping
from os import PathLike

from mockstore.errors import InvalidInputError
from mockstore.model import Json
from mockstore.parts import Parts
from mockstore.scenario.document import Scenario
from mockstore.scenario.loading import load
from mockstore.scenario.play import Play
from mockstore.scenario.result import Result
from mockstore.scenario.worlds import check_rules
from mockstore.service import Mockstore


def play_inside(
    source: Scenario | str | PathLike[str],
    mockstore: Mockstore,
    parts: Parts,
    *,
    to: object = None,
    variables: Mapping[str, Json] | None = None,
) -> Result:
    """Play a scenario, a file or a ready one on `mockstore` and return the result, passed or not.

    `to` says who stands behind the webhooks: by name, or just who when there is one webhook. A registration whose
    description is the name of a webhook stands behind that one. Raises `InvalidScenarioError` when the scenario needs
    other rules than those in force.
    """
    __tracebackhide__ = True
    if not isinstance(source, Scenario):
        source = load(source, catalogue=mockstore.provider.catalogue, variables=variables)
    check_rules(source, mockstore.provider)
    return Play(source, mockstore, parts, to=_targets(source, mockstore, to)).run()


def targets_of(scenario: Scenario, to: object) -> dict[str, object]:
    """Return who stands behind which webhook; raise `InvalidInputError` when only one is said and there are more."""
    if to is None:
        return {}
    if isinstance(to, Mapping):
        return dict(to)
    names = [spec.name for spec in scenario.webhooks]
    if len(names) != 1:
        raise InvalidInputError(
            f"{scenario.source} has {len(names)} webhooks ({', '.join(names) or 'none'}); say which one is meant",
            field="to",
        )
    return {names[0]: to}


def _targets(scenario: Scenario, mockstore: Mockstore, to: object) -> dict[str, object]:
    names = {spec.name for spec in scenario.webhooks}
    registered: dict[str, object] = {
        str(webhook.record.description): webhook
        for webhook in mockstore.webhooks
        if webhook.record.description in names
    }
    return registered | targets_of(scenario, to)
