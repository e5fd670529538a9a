"""Pages that show the scenarios of the library, play one of them or a file, and show the timeline."""

from collections.abc import Mapping
from threading import BoundedSemaphore, Lock
from typing import Final
from weakref import WeakKeyDictionary

from flask import current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from mockstore.errors import InvalidInputError
from mockstore.parts import reach_of
from mockstore.scenario import Consumer, Scenario, load, names, read, text_of
from mockstore.service import Mockstore
from mockstore.web.console.plays import AT_ONCE, Plays
from mockstore.web.console.rendering import page, to
from mockstore.web.site import mockstore, site

KEY: Final = "mockstore.console.plays"
_GRACE: Final = 0.5
"""How many seconds a form waits for the end of a play; in virtual time, most end sooner."""


class PlaysByTenant:
    """The plays of one server, by tenant, and the limit on how many run at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._places = BoundedSemaphore(AT_ONCE)
        self._of: WeakKeyDictionary[Mockstore, Plays] = WeakKeyDictionary()

    def of(self, shop: Mockstore) -> Plays:
        """Return the plays of a tenant; they are forgotten with the tenant."""
        with self._lock:
            plays = self._of.get(shop)
            if plays is None:
                reach = reach_of(site().settings)
                plays = self._of[shop] = Plays(shop.news, self._places, site().tenants.closing, reach)
                shop.on_reset.append(plays.forget)
            return plays


def show_all() -> ResponseReturnValue:
    """List the library and the latest plays."""
    return page("scenarios.html", scenarios=[load(name) for name in names()], plays=list(_plays()))


def show(name: str) -> ResponseReturnValue:
    """Show one scenario before it is played."""
    return page("scenario.html", name=name, scenario=_scenario(name), text=text_of(name))


def play(name: str) -> ResponseReturnValue:
    """Start to play a scenario of the library, and redirect to the page of the play."""
    scenario = _scenario(name)
    return _begin(scenario, text_of(name), _consumers(scenario, request.form), is_ready=True)


def play_own() -> ResponseReturnValue:
    """Start to play a file that was entered, and redirect to the page of the play."""
    text = request.form.get("text", "")
    if not text.strip():
        raise InvalidInputError("there is no text; enter a scenario in YAML or JSON", field="text")
    return _begin(read(text, "line", mockstore().provider.catalogue), text, {}, is_ready=False)


def watch(number: int) -> ResponseReturnValue:
    """Show a play."""
    return page("play.html", play=_plays()[number])


def stop(number: int) -> ResponseReturnValue:
    """Stop a play."""
    _plays()[number].stop()
    return to(f"console/plays/{number}", "stopped")


def _plays() -> Plays:
    houses: PlaysByTenant = current_app.extensions.setdefault(KEY, PlaysByTenant())
    return houses.of(mockstore())


def _begin(scenario: Scenario, text: str, consumers: Mapping[str, Consumer], *, is_ready: bool) -> ResponseReturnValue:
    performance = _plays().begin(scenario, text, consumers, mockstore().provider, is_ready=is_ready)
    performance.ended.wait(_GRACE)
    return to(f"console/plays/{performance.number}")


def _scenario(name: str) -> Scenario:
    if name not in names():
        raise NotFound(f"there is no scenario {name!r} in the library")
    return load(name, catalogue=mockstore().provider.catalogue)


def _consumers(scenario: Scenario, form: Mapping[str, str]) -> dict[str, Consumer]:
    """Return the live URL of each webhook that is not a scripted receiver."""
    found = {}
    for spec in scenario.webhooks:
        url = form.get(f"url.{spec.name}", "").strip()
        if url:
            found[spec.name] = Consumer(url, form.get(f"secret.{spec.name}") or None)
        elif form.get(f"secret.{spec.name}"):
            raise InvalidInputError(f"say where {spec.name} is: its secret alone is not enough", field="url")
    return found
