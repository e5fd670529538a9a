"""A form that is too large is refused with status 413 and a page of the console."""

from typing import TYPE_CHECKING

import pytest

from tests.console.served import SETTINGS

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ADA = "019b4132-70aa-764f-b315-e2803d882a24"
PARTS = "".join(f'--B\r\nContent-Disposition: form-data; name="n{number}"\r\n\r\nx\r\n' for number in range(3000))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b"type=" + b"x" * SETTINGS.body_limit, "application/x-www-form-urlencoded", id="too many bytes"),
        pytest.param(f"{PARTS}--B--\r\n".encode(), "multipart/form-data; boundary=B", id="too many parts"),
    ],
)
def test_a_form_that_is_too_large_is_refused_on_a_page(client: "FlaskClient", body: bytes, content_type: str) -> None:
    answer = client.post(f"/_mockstore/console/emit?tenant={ADA}", data=body, content_type=content_type)

    assert (answer.status_code, answer.mimetype) == (413, "text/html")
    assert f"tenant={ADA}" in answer.text, "the page is not that tenant's"
