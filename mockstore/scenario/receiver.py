"""A receiver of a scenario: answers by script and, if it verifies, refuses what its secret did not sign."""

from collections.abc import Sequence

from mockstore.answers import Script
from mockstore.model import Json, Outgoing, Reply
from mockstore.signing import SCHEMES, verify

_REFUSED = 401


class Receiver:
    """Stands in for a consumer; hand it to a Mockstore as a callable."""

    def __init__(self, answers: Sequence[Json], *, verifies: bool) -> None:
        self._script = Script()
        self._verifies = verifies
        self.secret = ""
        """What it takes for the webhook's secret."""
        self.will_answer(answers)

    def will_answer(self, answers: Sequence[Json]) -> None:
        """Answer in turn from now on; the last one repeats, none means 200."""
        self._script.will_answer(*answers)

    def __call__(self, outgoing: Outgoing) -> Reply:
        """Answer a request; raise the `DeliveryError` of an answer that never comes."""
        if self._verifies and not self._is_genuine(outgoing):
            return Reply(_REFUSED)
        return self._script.next().reply()

    def _is_genuine(self, outgoing: Outgoing) -> bool:
        return any(verify(outgoing.body, outgoing.headers, self.secret, scheme=scheme).ok for scheme in SCHEMES)
