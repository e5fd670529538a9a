"""The inbox of a server limits what it captures."""

import pytest

from mockstore.web.inbox import LARGEST
from tests.web.conftest import Serve

INBOX = "/_mockstore/inbox"


@pytest.mark.parametrize(("size", "status", "kept"), [(LARGEST, 200, 1), (LARGEST + 1, 413, 0)])
def test_the_inbox_captures_no_body_that_is_larger_than_an_event(
    serve: Serve, size: int, status: int, kept: int
) -> None:
    caller = serve()
    letters = size - len('""')

    found, _, document = caller("POST", INBOX, "x" * letters)

    assert found == status
    assert document is None or "1,048,576 bytes that the inbox takes" in document["detail"]
    assert len(caller.ok("GET", INBOX)["data"]) == kept
