"""An attempt is recorded only if its claim was not lost: another server may have claimed the delivery meanwhile."""

import pytest

from mockstore import Mockstore, Reply
from mockstore.parts import Options, in_process_parts, provider_with


@pytest.mark.parametrize(("lost", "recorded"), [pytest.param(False, 1, id="held"), pytest.param(True, 0, id="lost")])
def test_an_attempt_whose_claim_was_lost_is_not_recorded(lost: bool, recorded: int) -> None:  # noqa: FBT001 - a case
    parts = in_process_parts(
        provider_with(None), seed=0, clock="virtual", start=None, factory=None, signature_time="wall", options=Options()
    )
    with Mockstore(parts) as mockstore:
        mockstore.subscribe(lambda _: Reply(204))
        mockstore.hold()
        mockstore.emit("pet.adopted")
        parts.engine.release()
        (claimed,) = parts.engine.claim()
        started = parts.engine.start(claimed)
        assert started is not None
        if lost:
            parts.store.release(claimed.id)

        parts.engine.finish(started, Reply(204))

        after = parts.store.delivery(claimed.id)
        assert after is not None
        assert len(after.attempts) == recorded
