"""The ready scenarios: read them, play one in a world of its own, and see its timeline."""

from collections.abc import Mapping

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from mockstore.errors import InvalidInputError
from mockstore.scenario import Consumer, Scenario, load, names, playing, text_of
from mockstore.scenario.result import Result
from mockstore.web.console.rendering import page
from mockstore.web.site import mockstore


def show_all() -> ResponseReturnValue:
    """List the library."""
    return page("scenarios.html", scenarios=[load(name) for name in names()])


def show(name: str) -> ResponseReturnValue:
    """Show one, before it is played."""
    return _shown(name, _scenario(name), None)


def play(name: str) -> ResponseReturnValue:
    """Play it to its end and show what came of it."""
    scenario = _scenario(name)
    with playing(scenario, to=_consumers(scenario, request.form), provider=mockstore().provider) as performance:
        return _shown(name, scenario, performance.run())


def _scenario(name: str) -> Scenario:
    if name not in names():
        raise NotFound(f"there is no scenario {name!r} in the library")
    return load(name, catalogue=mockstore().provider.catalogue)


def _consumers(scenario: Scenario, form: Mapping[str, str]) -> dict[str, Consumer]:
    """Return who stands behind which webhook instead of a scripted receiver."""
    found = {}
    for spec in scenario.webhooks:
        url = form.get(f"url.{spec.name}", "").strip()
        if url:
            found[spec.name] = Consumer(url, form.get(f"secret.{spec.name}") or None)
        elif form.get(f"secret.{spec.name}"):
            raise InvalidInputError(f"say where {spec.name} is: its secret alone is not enough", field="url")
    return found


def _shown(name: str, scenario: Scenario, result: Result | None) -> ResponseReturnValue:
    return page("scenario.html", name=name, scenario=scenario, text=text_of(name), result=result)
