"""Plays a scenario on a new Mockstore, which is configured by the scenario's head."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from msgspec.structs import replace

from mockstore.delivery.pump import InlinePump
from mockstore.parts import Options, Parts, in_process_parts, provider_with, standalone_parts
from mockstore.provider import Provider
from mockstore.scenario.document import Scenario
from mockstore.scenario.mistakes import InvalidScenarioError, Mistake
from mockstore.scenario.play import Play
from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.world.transports.address_policy import AddressPolicy, beyond_metadata
from mockstore.world.transports.router import Router, http_network


@contextmanager
def playing(
    scenario: Scenario,
    *,
    to: Mapping[str, object] | None = None,
    provider: Provider | None = None,
    reach: AddressPolicy = beyond_metadata,
) -> Iterator[Play]:
    """Yield a play of the scenario on a new Mockstore, which is closed afterwards.

    `to` maps names of webhooks to live consumers. `provider` has the settings that the scenario leaves out. `reach`
    decides which addresses are refused, both at registration and when a request is sent.
    """
    parts = _parts(scenario, provider, reach)
    with Mockstore(parts) as mockstore:
        yield Play(scenario, mockstore, parts, to=to)


def _parts(scenario: Scenario, provider: Provider | None, reach: AddressPolicy) -> Parts:
    wanted, network = scenario.rules, partial(http_network, reach)
    rules = provider_with(
        provider, schedule=wanted.schedule, timeout=wanted.timeout, signatures=wanted.signatures or None
    )
    if scenario.clock == "system":
        settings = Settings(seed=scenario.seed, signature_time=wanted.signature_time)
        running = standalone_parts(settings, provider=rules, network=network)
        return replace(running, options=replace(running.options, reach=reach))
    parts = in_process_parts(
        rules,
        seed=scenario.seed,
        clock="virtual",
        start=None,
        factory=None,
        signature_time=wanted.signature_time,
        options=Options(strict=False, raise_errors=False, reach=reach),
    )
    router = Router.standalone(network)
    return replace(parts, router=router, pump=InlinePump(parts.engine, router, is_remote=router.is_remote))


def keywords_of(scenario: Scenario) -> dict[str, object]:
    """Return the arguments for `Mockstore.in_process` that match the head of the scenario."""
    rules = scenario.rules
    given = {"schedule": rules.schedule, "timeout": rules.timeout, "signatures": rules.signatures}
    head = {"seed": scenario.seed, "clock": scenario.clock, "signature_time": rules.signature_time}
    return {**head, **{name: value for name, value in given.items() if value is not None}}


def check_rules(scenario: Scenario, provider: Provider) -> None:
    """Raise `InvalidScenarioError` when the scenario needs other settings than those of `provider`."""
    for name in ("schedule", "timeout", "signatures"):
        wanted, found = getattr(scenario.rules, name), getattr(provider, name)
        if wanted is not None and wanted != found:
            raise InvalidScenarioError(
                scenario.source,
                [
                    Mistake(
                        1,
                        f"settings.{name}",
                        "this mockstore has another one; let the scenario set it up: "
                        f"@pytest.mark.mockstore(scenario=…), or Mockstore.in_process({name}=…)",
                    )
                ],
            )
