"""The console in a browser when something is missing: the script, the server, or time; and what is taken along."""

from datetime import timedelta
from socket import create_server

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from mockstore.web.serve import serving
from tests.console.conftest import PATIENCE_MS, Open, Serve
from tests.console.served import STILL, Served
from tests.console.test_plays import LONG

pytestmark = pytest.mark.xdist_group("browser")

expect.set_options(timeout=PATIENCE_MS)

WAIT = timedelta(seconds=20)


def free_port() -> int:
    """Return a port that can be taken again and again: one that the system chose for a server cannot at once."""
    with create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def delivered(mock: Served) -> str:
    """Have an event delivered, and return the id of the delivery."""
    mock.subscribe()
    event = mock.mockstore.emit("pet.adopted")
    mock.mockstore.settle(WAIT)
    return event.delivery.id


@pytest.mark.parametrize("key", ["curl", "httpx", "pytest", "cassette", "step"])
def test_what_is_copied_is_what_is_shown(mock: Served, open_page: Open, key: str) -> None:
    page = open_page(
        f"{mock.console}console/deliveries/{delivered(mock)}", permissions=["clipboard-read", "clipboard-write"]
    )
    copy = page.locator(f"#copy-{key}")
    copy.locator("summary").click()

    copy.get_by_role("button", name="Copy").click()

    expect(copy.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(f"#text-{key}").text_content()


def test_where_nothing_may_be_copied_it_is_selected(mock: Served, open_page: Open) -> None:
    page = open_page(f"{mock.console}console/deliveries/{delivered(mock)}")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    copy = page.locator("#copy-curl")
    copy.locator("summary").click()

    copy.get_by_role("button", name="Copy").click()

    expect(copy.get_by_role("button", name="Selected: copy it by hand")).to_be_visible()
    assert page.evaluate("getSelection().toString()").startswith("curl -X POST")


def test_a_page_that_lost_its_server_goes_on_with_the_next_one(serve: Serve, open_page: Open) -> None:
    with serving(replace(STILL, port=free_port())) as (first, _):
        page = open_page(f"{first.url}/_mockstore/")
        page.wait_for_selector("html[data-live=yes]")
        page.evaluate("window.stayed = true")
    expect(page.locator("#connection")).to_have_text("The connection was lost; trying again.")

    second = serve(port=first.port)
    expect(page.locator("#connection")).to_have_text("Live: what happens shows by itself.")
    second.mockstore.emit("payment.failed")
    second.mockstore.news.tell()

    expect(page.locator("#rows")).to_contain_text("payment.failed")
    assert page.evaluate("window.stayed === true")


def test_without_script_an_event_is_emitted_delivered_and_sent_again(mock: Served, open_page: Open) -> None:
    mock.subscribe(503, 200)
    page = open_page(mock.console, java_script_enabled=False)

    page.get_by_label("Event type", exact=True).select_option("pet.adopted")
    page.get_by_role("button", name="Emit", exact=True).click()
    expect(page.locator("#notice")).to_have_text("Emitted 1.")
    mock.mockstore.settle(WAIT)
    page.reload()
    expect(page.locator("#rows")).to_contain_text("retrying")
    page.get_by_role("button", name="+1m").click()
    expect(page.locator("#notice")).to_contain_text("The clock was moved on")
    mock.mockstore.settle(WAIT)
    page.reload()
    expect(page.locator("#rows")).to_contain_text("delivered")
    page.locator("#rows").get_by_role("link").click()
    page.get_by_role("button", name="Redeliver").click()
    expect(page.locator("#notice")).to_contain_text("Sent again")
    mock.mockstore.settle(WAIT)
    page.reload()

    expect(page.get_by_role("heading", name="Attempt 3: 200 acknowledged")).to_be_visible()


def test_without_script_the_list_is_filtered_and_a_scenario_played(mock: Served, open_page: Open) -> None:
    mock.mockstore.emit("pet.adopted")
    mock.mockstore.emit("order.created")
    page = open_page(mock.console, java_script_enabled=False)

    page.get_by_label("Type", exact=True).select_option("order.created")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#rows .type")).to_have_text(["order.created"])
    page.goto(f"{mock.console}console/scenarios/ack-lost")
    page.get_by_role("button", name="Play").click()

    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    expect(page.locator("#story li").first).to_be_visible()


def test_a_long_play_grows_before_the_eyes_and_is_stopped(mock: Served, open_page: Open) -> None:
    page = open_page(f"{mock.console}console/scenarios")
    page.wait_for_selector("html[data-live=yes]")
    page.evaluate("window.stayed = true")
    page.get_by_label("The file, in YAML or JSON").fill(LONG)

    page.get_by_role("button", name="Play it").click()
    expect(page.locator("#story")).to_contain_text("attempt 1: 200, acknowledged")
    expect(page.locator("#head .badge")).to_have_text("playing")
    page.get_by_role("button", name="Stop").click()

    expect(page.locator("#head .badge")).to_have_text("stopped")
    expect(page.locator("#story")).to_contain_text("the play was stopped here")
    assert page.evaluate("window.stayed === true")


def test_a_mock_that_holds_says_so_on_every_page_and_is_released_there(mock: Served, open_page: Open) -> None:
    mock.subscribe()
    page = open_page(f"{mock.console}console/webhooks")
    page.wait_for_selector("html[data-live=yes]")
    mock.mockstore.hold()
    event = mock.mockstore.emit("pet.adopted")
    mock.mockstore.news.tell()

    expect(page.locator("#holding")).to_contain_text("New deliveries are held back.")
    page.locator("#release-held").click()

    expect(page.locator("#holding")).to_be_empty()
    expect(page.locator("#notice")).to_have_text("Released 1.")
    mock.mockstore.settle(WAIT)
    assert event.delivery.state == "delivered"
