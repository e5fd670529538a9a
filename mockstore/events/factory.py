"""Makes realistic, coherent and valid events; the same `dice` make the same event. Pure but for loading Faker."""

import random
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from mockstore.errors import InvalidInputError, InvalidPayloadError
from mockstore.events.catalogue import Catalogue
from mockstore.events.coherence import RULES, Draft
from mockstore.events.draw import Draw
from mockstore.events.encode import rfc3339
from mockstore.events.overrides import apply
from mockstore.events.recipes import RECIPES
from mockstore.model import Json


class EventFactory(Struct, frozen=True):
    """Makes events of the types in the catalogue."""

    catalogue: Catalogue

    def make(
        self,
        event_type: str,
        *,
        now: datetime,
        dice: random.Random,
        overrides: Mapping[str, Json] | None = None,
        invalid: bool = False,
    ) -> dict[str, Json]:
        """Return a whole event: `id`, `eventType`, `timestamp` and `data`.

        `now` is aware; all random values come from `dice`. `overrides` are merged into `data` (see `overrides.merge`),
        and members that depend on them are adapted. Types of the user's own are made from their schema's example.
        Raise `UnknownEventTypeError` for an unknown type and, unless `invalid`, `UnknownPathError` for an unknown
        member and `InvalidPayloadError` when the event would be invalid.
        """
        self.catalogue.check_type(event_type)
        if now.tzinfo is None:
            raise InvalidInputError(f"{now!r} has no time zone: pass an aware datetime", field="now")
        draw = Draw(now, dice)
        event: dict[str, Json] = {
            "id": draw.new_id(),
            "eventType": event_type,
            "timestamp": rfc3339(now),
            "data": self._data(event_type, draw),
        }
        if overrides:
            event["data"] = self._with_overrides(event_type, event["data"], overrides, draw, invalid=invalid)
            if not invalid and not self.catalogue.is_valid(event):
                raise InvalidPayloadError(event_type, [str(mistake) for mistake in self.catalogue.mistakes(event)])
        return event

    def _data(self, event_type: str, draw: Draw) -> dict[str, Json]:
        recipe = RECIPES.get(event_type)
        if recipe is not None:
            return recipe(draw)
        data: dict[str, Json] = self.catalogue.example(event_type)["data"]
        return data

    def _with_overrides(
        self, event_type: str, data: dict[str, Json], overrides: Mapping[str, Json], draw: Draw, *, invalid: bool
    ) -> dict[str, Json]:
        shape = (self.catalogue.shape(event_type).members or {}).get("data")
        merged, given = apply(data, overrides, shape, invalid=invalid)
        rule = RULES.get(event_type)
        if rule is not None:
            rule(Draft(merged, given, draw))
        return merged
