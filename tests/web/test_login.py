"""Login of a browser: the form, the cookie, and the link with the token."""

from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import MakeClient

if TYPE_CHECKING:
    from flask.testing import FlaskClient

TOKEN = "let-me-in"
LOGIN = "/_mockstore/login"
CLOCK = "/_mockstore/clock"
TENANT = "/_tenants/019b4132-70aa-764f-b315-e2803d882a24"
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def locked(make_client: MakeClient) -> "FlaskClient":
    """An app that has a control token."""
    return make_client(control_token=TOKEN)


def test_a_browser_is_sent_to_the_form(locked: "FlaskClient") -> None:
    answer = locked.get("/_mockstore/", headers=HTML)

    assert (answer.status_code, answer.headers["Location"]) == (303, LOGIN)


def test_the_form_asks_for_the_token_and_runs_no_script(locked: "FlaskClient") -> None:
    answer = locked.get(LOGIN)

    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert '<form method="post" action="/_mockstore/login">' in answer.text
    assert "<script" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_token_opens_the_way_by_a_cookie_that_no_script_can_read(locked: "FlaskClient") -> None:
    entered = locked.post(LOGIN, data={"token": f" {TOKEN}\n"})

    assert (entered.status_code, entered.headers["Location"]) == (303, "/_mockstore/")
    assert entered.headers["Set-Cookie"] == (f"mockstore_control={TOKEN}; HttpOnly; Path=/_mockstore; SameSite=Strict")
    assert locked.get(CLOCK).status_code == 200
    assert locked.get(LOGIN).headers["Location"] == "/_mockstore/"


def test_over_tls_the_cookie_stays_there(locked: "FlaskClient") -> None:
    entered = locked.post(LOGIN, data={"token": TOKEN}, base_url="https://localhost")

    assert "; Secure;" in entered.headers["Set-Cookie"]


@pytest.mark.parametrize("given", [{"token": "guess"}, {"token": ""}, {}], ids=["wrong", "empty", "none"])
def test_another_token_does_not(locked: "FlaskClient", given: dict[str, str]) -> None:
    answer = locked.post(LOGIN, data=given)

    assert answer.status_code == 401
    assert "That is not the token." in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_link_carries_the_token_once(locked: "FlaskClient") -> None:
    entered = locked.get(f"/_mockstore/clock?a=1&token={TOKEN}&b=%2F", headers=HTML)

    assert (entered.status_code, entered.headers["Location"]) == (303, "/_mockstore/clock?a=1&b=%2F")
    assert locked.get(CLOCK).status_code == 200


def test_a_link_with_another_token_leads_to_the_form(locked: "FlaskClient") -> None:
    answer = locked.get(f"{CLOCK}?token=guess", headers=HTML)

    assert (answer.status_code, answer.headers["Location"]) == (303, LOGIN)
    assert "Set-Cookie" not in answer.headers


def test_the_cookie_does_not_serve_the_pages_of_others(locked: "FlaskClient") -> None:
    locked.post(LOGIN, data={"token": TOKEN})

    answer = locked.post("/_mockstore/reset", json={}, headers={"Origin": "http://localhost:3000"})

    assert answer.status_code == 403


def test_another_page_cannot_log_somebody_in(locked: "FlaskClient") -> None:
    answer = locked.post(LOGIN, data={"token": TOKEN}, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_where_no_token_is_needed_the_form_sends_on(client: "FlaskClient") -> None:
    assert client.get(LOGIN).headers["Location"] == "/_mockstore/"
    assert client.post(LOGIN).headers["Location"] == "/_mockstore/"


def test_a_browser_gets_in_below_the_address_of_a_tenant(locked: "FlaskClient") -> None:
    sent = locked.get(f"{TENANT}/_mockstore/", headers=HTML)
    form = locked.get(sent.headers["Location"])
    entered = locked.post(sent.headers["Location"], data={"token": TOKEN})

    assert sent.headers["Location"] == f"{TENANT}{LOGIN}"
    assert f'action="{TENANT}{LOGIN}"' in form.text
    assert entered.headers["Location"] == f"{TENANT}/_mockstore/"
    assert f"; Path={TENANT}/_mockstore;" in entered.headers["Set-Cookie"]
    assert locked.get(entered.headers["Location"]).status_code == 200


def test_a_link_with_the_token_stays_below_the_address_of_a_tenant(locked: "FlaskClient") -> None:
    entered = locked.get(f"{TENANT}/_mockstore/console/emit?token={TOKEN}&type=pet.adopted")

    assert entered.headers["Location"] == f"{TENANT}/_mockstore/console/emit?type=pet.adopted"
    assert locked.get(entered.headers["Location"]).status_code == 200
