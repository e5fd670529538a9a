"""What each verb of a scenario does with the Mockstore, as a table."""

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

Told: TypeAlias = Mapping[str, Json]
Do: TypeAlias = Callable[[Stage, Told], Json]


def _span(told: Json) -> timedelta:
    return parse_duration(str(told))


def _listed(told: Json) -> list[Json]:
    return list(told) if isinstance(told, list | tuple) else [told]


def _emit(stage: Stage, told: Told) -> Json:
    to = stage.webhook(told["to"]) if "to" in told else None
    ids: list[str] = []
    for _ in range(told.get("count", 1)):
        event = stage.mockstore.emit(
            told["type"],
            told.get("set"),
            body=told.get("body"),
            content_type=told.get("content_type", "application/json"),
            invalid=told.get("invalid", False),
            to=to,
            fault=_listed(told.get("fault", [])),
        )
        ids.append(event.id)
    return _kept(event) | {"count": len(ids), "ids": ids}


def _kept(event: Event) -> dict[str, Json]:
    return {"id": event.id, "type": event.type, "timestamp": rfc3339(event.timestamp), "data": event.data}


def _redeliver(stage: Stage, told: Told) -> Json:
    wanted = {stage.webhook(told["webhook"]).id} if "webhook" in told else set(stage.names)
    found = [one for one in stage.mockstore.event(told["event"]).deliveries if one.record.webhook_id in wanted]
    if not found:
        raise InvalidInputError(f"the event {told['event']} was delivered to no webhook of this scenario")
    for delivery in found:
        stage.mockstore.redeliver(delivery)
    return {"count": len(found)}


def _advance(stage: Stage, told: Told) -> Json:
    stage.mockstore.advance(_span(told["by"]))


def _fault(stage: Stage, told: Told) -> Json:
    rule = stage.mockstore.faults.add(
        _listed(told["name"]),
        to=stage.webhook(told["to"]) if "to" in told else None,
        events=_listed(told.get("events", "*")),
        attempts=_listed(told.get("attempts", [])),
        times=told.get("times"),
    )
    stage.rules.append(rule)


def _clear_faults(stage: Stage, _told: Told) -> Json:
    in_force = list(stage.mockstore.faults)
    for rule in stage.rules:
        if rule in in_force:
            stage.mockstore.faults.remove(rule)
    stage.rules.clear()


def _answer(stage: Stage, told: Told) -> Json:
    stage.receiver(told.get("webhook")).will_answer(_listed(told["with"]))


def _learn(stage: Stage, told: Told) -> Json:
    stage.receiver(told.get("webhook")).secret = stage.webhook(told.get("webhook")).secret


def _hold(stage: Stage, _told: Told) -> Json:
    stage.mockstore.hold()


def _release(stage: Stage, told: Told) -> Json:
    stage.mockstore.release(told.get("order"))


def _rotate_secret(stage: Stage, told: Told) -> Json:
    overlap = _span(told["overlap"]) if "overlap" in told else timedelta()
    webhook = stage.webhook(told.get("webhook"))
    return {
        "secret": stage.mockstore.webhooks.rotate_secret(webhook.id, overlap=overlap, secret=told.get("secret")).secret
    }


def _status(status: str) -> Do:
    def change(stage: Stage, told: Told) -> Json:
        stage.mockstore.webhooks.update(stage.webhook(told.get("webhook")).id, {"status": status})

    return change


def _recover(stage: Stage, told: Told) -> Json:
    since = parse_moment(told["since"]) if told.get("since") is not None else None
    return {"count": len(stage.mockstore.recover(stage.webhook(told.get("webhook")), since))}


ACTIONS: Final[Mapping[str, Do]] = MappingProxyType(
    {
        "emit": _emit,
        "redeliver": _redeliver,
        **SHOP,
        "advance": _advance,
        "fault": _fault,
        "clear_faults": _clear_faults,
        "answer": _answer,
        "learn": _learn,
        "hold": _hold,
        "release": _release,
        "rotate_secret": _rotate_secret,
        "enable": _status("active"),
        "disable": _status("disabled"),
        "recover": _recover,
    }
)
"""Every verb but `repeat` and `expect`, which are the player's own. What comes back is what `as` keeps."""
