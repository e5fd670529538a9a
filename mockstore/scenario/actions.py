"""The verbs of a scenario's steps, as a table of functions that call the Mockstore."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

from mockstore.delivery.schedule import parse_duration
from mockstore.errors import InvalidInputError
from mockstore.events import parse_moment, rfc3339
from mockstore.handles import Event
from mockstore.model import Json
from mockstore.scenario.shop import SHOP
from mockstore.scenario.stage import Stage

Arguments: TypeAlias = Mapping[str, Json]
Action: TypeAlias = Callable[[Stage, Arguments], Json]


def _duration(arguments: Json) -> timedelta:
    return parse_duration(str(arguments))


def _listed(arguments: Json) -> list[Json]:
    return list(arguments) if isinstance(arguments, list | tuple) else [arguments]


def _emit(stage: Stage, arguments: Arguments) -> Json:
    to = stage.webhook(arguments["to"]) if "to" in arguments else None
    ids: list[str] = []
    for _ in range(arguments.get("count", 1)):
        event = stage.mockstore.emit(
            arguments["type"],
            arguments.get("set"),
            body=arguments.get("body"),
            content_type=arguments.get("content_type", "application/json"),
            invalid=arguments.get("invalid", False),
            to=to,
            fault=_listed(arguments.get("fault", [])),
        )
        ids.append(event.id)
    return _event_document(event) | {"count": len(ids), "ids": ids}


def _event_document(event: Event) -> dict[str, Json]:
    return {"id": event.id, "type": event.type, "timestamp": rfc3339(event.timestamp), "data": event.data}


def _redeliver(stage: Stage, arguments: Arguments) -> Json:
    wanted = {stage.webhook(arguments["webhook"]).id} if "webhook" in arguments else set(stage.names_by_id)
    found = [one for one in stage.mockstore.event(arguments["event"]).deliveries if one.record.webhook_id in wanted]
    if not found:
        raise InvalidInputError(f"the event {arguments['event']} was delivered to no webhook of this scenario")
    for delivery in found:
        stage.mockstore.redeliver(delivery)
    return {"count": len(found)}


def _advance(stage: Stage, arguments: Arguments) -> Json:
    stage.mockstore.advance(_duration(arguments["by"]))


def _fault(stage: Stage, arguments: Arguments) -> Json:
    rule = stage.mockstore.faults.add(
        _listed(arguments["name"]),
        to=stage.webhook(arguments["to"]) if "to" in arguments else None,
        events=_listed(arguments.get("events", "*")),
        attempts=_listed(arguments.get("attempts", [])),
        times=arguments.get("times"),
    )
    stage.rules.append(rule)


def _clear_faults(stage: Stage, _arguments: Arguments) -> Json:
    in_force = list(stage.mockstore.faults)
    for rule in stage.rules:
        if rule in in_force:
            stage.mockstore.faults.remove(rule)
    stage.rules.clear()


def _answer(stage: Stage, arguments: Arguments) -> Json:
    stage.receiver(arguments.get("webhook")).will_answer(_listed(arguments["with"]))


def _update_secret(stage: Stage, arguments: Arguments) -> Json:
    stage.receiver(arguments.get("webhook")).secret = stage.webhook(arguments.get("webhook")).secret


def _hold(stage: Stage, _arguments: Arguments) -> Json:
    stage.mockstore.hold()


def _release(stage: Stage, arguments: Arguments) -> Json:
    stage.mockstore.release(arguments.get("order"))


def _rotate_secret(stage: Stage, arguments: Arguments) -> Json:
    overlap = _duration(arguments["overlap"]) if "overlap" in arguments else timedelta()
    webhook = stage.webhook(arguments.get("webhook"))
    return {
        "secret": stage.mockstore.webhooks.rotate_secret(
            webhook.id, overlap=overlap, secret=arguments.get("secret")
        ).secret
    }


def _set_status(status: str) -> Action:
    def change(stage: Stage, arguments: Arguments) -> Json:
        stage.mockstore.webhooks.update(stage.webhook(arguments.get("webhook")).id, {"status": status})

    return change


def _recover(stage: Stage, arguments: Arguments) -> Json:
    since = parse_moment(arguments["since"]) if arguments.get("since") is not None else None
    return {"count": len(stage.mockstore.recover(stage.webhook(arguments.get("webhook")), since))}


ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "emit": _emit,
        "redeliver": _redeliver,
        **SHOP,
        "advance": _advance,
        "fault": _fault,
        "clear_faults": _clear_faults,
        "answer": _answer,
        "learn": _update_secret,
        "hold": _hold,
        "release": _release,
        "rotate_secret": _rotate_secret,
        "enable": _set_status("active"),
        "disable": _set_status("disabled"),
        "recover": _recover,
    }
)
"""The function for each verb, except `repeat` and `expect`, which `Play` handles. `as` stores what it returns."""
