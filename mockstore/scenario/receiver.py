"""The scripted receiver of a scenario, which can also verify signatures."""

from collections.abc import Sequence

from mockstore.answers import Script
from mockstore.model import Json, Outgoing, Reply
from mockstore.signing import SCHEMES, verify

_REFUSED = 401


class Receiver:
    """A callable that answers requests from a script, in place of a consumer.

    If it `verifies`, it answers 401 to a request without a valid signature.
    """

    def __init__(self, answers: Sequence[Json], *, verifies: bool) -> None:
        self._script = Script()
        self._verifies = verifies
        self.secret = ""
        """The secret that signatures are verified with."""
        self.will_answer(answers)

    def will_answer(self, answers: Sequence[Json]) -> None:
        """Set the answers to the next requests, in turn; the last one repeats, an empty list means 200."""
        self._script.will_answer(*answers)

    def __call__(self, outgoing: Outgoing) -> Reply:
        """Return the reply to a request; raise a `DeliveryError` for a scripted timeout or reset."""
        if self._verifies and not self._is_genuine(outgoing):
            return Reply(_REFUSED)
        return self._script.next().reply()

    def _is_genuine(self, outgoing: Outgoing) -> bool:
        return any(verify(outgoing.body, outgoing.headers, self.secret, scheme=scheme).ok for scheme in SCHEMES)
