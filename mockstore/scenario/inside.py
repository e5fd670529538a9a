"""Plays a scenario on an existing Mockstore, such as the one of a test."""

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
    """Play a scenario on `mockstore` and return the result, passed or not.

    `source` is a scenario, a file or the name of a ready one. `to` maps the names of webhooks to live consumers; with
    only one webhook it may be the consumer itself. A webhook that is already registered with the same name as its
    description is used. Raises `InvalidScenarioError` when the scenario needs other settings than those of
    `mockstore`.
    """
    __tracebackhide__ = True
    if not isinstance(source, Scenario):
        source = load(source, catalogue=mockstore.provider.catalogue, variables=variables)
    check_rules(source, mockstore.provider)
    return Play(source, mockstore, parts, to=_targets(source, mockstore, to)).run()


def targets_of(scenario: Scenario, to: object) -> dict[str, object]:
    """Return consumers by webhook; raise `InvalidInputError` for one without a name, unless there is one webhook."""
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
