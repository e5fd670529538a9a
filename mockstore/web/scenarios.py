"""The routes under `/_mockstore/scenarios`: each scenario is played in a new Mockstore of its own."""

from typing import Final

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from mockstore.errors import InvalidInputError
from mockstore.parts import reach_of
from mockstore.web.site import mockstore, site

routes = Blueprint("scenarios", __name__)

_YAML: Final = "application/yaml"


@routes.get("")
def list_scenarios() -> ResponseReturnValue:
    """Return the scenarios of the library."""
    from mockstore.scenario import load, names  # noqa: PLC0415 - imported only when used

    found = [load(name) for name in names()]
    return {"data": [{"name": one.name, "description": one.description} for one in found]}


@routes.get("/<name>")
def read_scenario(name: str) -> ResponseReturnValue:
    """Return the file of a scenario of the library."""
    from mockstore.scenario import text_of  # noqa: PLC0415 - likewise

    try:
        return Response(text_of(name), mimetype=_YAML)
    except InvalidInputError as error:
        raise NotFound(str(error)) from None


@routes.post("")
def play_scenario() -> ResponseReturnValue:
    """Play the scenario in the body, YAML or JSON, or the one that an envelope names, and return the result.

    An envelope is JSON with `scenario` (the text, or a name of the library), `variables`, and `to`, which maps webhooks
    to live consumers, `{url, secret?}`.
    """
    from mockstore.scenario import playing  # noqa: PLC0415 - likewise
    from mockstore.scenario.documents import result_document  # noqa: PLC0415 - likewise
    from mockstore.web.scenario_requests import requested_scenario  # noqa: PLC0415 - likewise
    from mockstore.web.shutdown import ending_with  # noqa: PLC0415 - likewise

    scenario, to = requested_scenario()
    reach = reach_of(site().settings)
    with (
        playing(scenario, to=to, provider=mockstore().provider, reach=reach) as performance,
        ending_with(site().tenants.closing, performance),
    ):
        return result_document(performance.run())
