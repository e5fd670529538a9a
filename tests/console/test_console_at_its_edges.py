"""The console in a browser: copying, a server that restarts, no JavaScript, a long scenario, held deliveries."""

from datetime import timedelta
from socket import create_server

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from mockstore.web.serve import serving
from tests.console.conftest import TIMEOUT_MS, OpenPage, Serve
from tests.console.served import SETTINGS, Served
from tests.console.test_plays import LONG

pytestmark = pytest.mark.xdist_group("browser")

expect.set_options(timeout=TIMEOUT_MS)

TIMEOUT = timedelta(seconds=20)


def free_port() -> int:
    """Return a free port: a server that is started on a given port allows the next one to take it over at once."""
    with create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def deliver(served: Served) -> str:
    """Deliver an event and return the id of the delivery."""
    served.subscribe()
    event = served.mockstore.emit("pet.adopted")
    served.mockstore.settle(TIMEOUT)
    return event.delivery.id


@pytest.mark.parametrize("key", ["curl", "httpx", "pytest", "cassette", "step"])
def test_what_is_copied_is_what_is_shown(served: Served, open_page: OpenPage, key: str) -> None:
    page = open_page(
        f"{served.console}console/deliveries/{deliver(served)}", permissions=["clipboard-read", "clipboard-write"]
    )
    copy = page.locator(f"#copy-{key}")
    copy.locator("summary").click()

    copy.get_by_role("button", name="Copy").click()

    expect(copy.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(f"#text-{key}").text_content()


def test_where_nothing_may_be_copied_it_is_selected(served: Served, open_page: OpenPage) -> None:
    page = open_page(f"{served.console}console/deliveries/{deliver(served)}")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    copy = page.locator("#copy-curl")
    copy.locator("summary").click()

    copy.get_by_role("button", name="Copy").click()

    expect(copy.get_by_role("button", name="Selected: copy it by hand")).to_be_visible()
    assert page.evaluate("getSelection().toString()").startswith("curl -X POST")


def test_a_page_that_lost_its_server_goes_on_with_the_next_one(serve: Serve, open_page: OpenPage) -> None:
    with serving(replace(SETTINGS, port=free_port())) as (first, _):
        page = open_page(f"{first.url}/_mockstore/")
        page.wait_for_selector("html[data-live=yes]")
        page.evaluate("window.marked = true")
    expect(page.locator("#connection")).to_have_text("The connection was lost; trying again.")

    second = serve(port=first.port)
    expect(page.locator("#connection")).to_have_text("Live: what happens shows by itself.")
    second.mockstore.emit("payment.failed")
    second.mockstore.news.tell()

    expect(page.locator("#rows")).to_contain_text("payment.failed")
    assert page.evaluate("window.marked === true")


def test_without_script_an_event_is_emitted_delivered_and_sent_again(served: Served, open_page: OpenPage) -> None:
    served.subscribe(503, 200)
    page = open_page(served.console, java_script_enabled=False)

    page.get_by_label("Event type", exact=True).select_option("pet.adopted")
    page.get_by_role("button", name="Emit", exact=True).click()
    expect(page.locator("#notice")).to_have_text("Emitted 1.")
    served.mockstore.settle(TIMEOUT)
    page.reload()
    expect(page.locator("#rows")).to_contain_text("retrying")
    page.get_by_role("button", name="+1m").click()
    expect(page.locator("#notice")).to_contain_text("The clock was moved on")
    served.mockstore.settle(TIMEOUT)
    page.reload()
    expect(page.locator("#rows")).to_contain_text("delivered")
    page.locator("#rows").get_by_role("link").click()
    page.get_by_role("button", name="Redeliver").click()
    expect(page.locator("#notice")).to_contain_text("Sent again")
    served.mockstore.settle(TIMEOUT)
    page.reload()

    expect(page.get_by_role("heading", name="Attempt 3: 200 acknowledged")).to_be_visible()


def test_without_script_the_list_is_filtered_and_a_scenario_played(served: Served, open_page: OpenPage) -> None:
    served.mockstore.emit("pet.adopted")
    served.mockstore.emit("order.created")
    page = open_page(served.console, java_script_enabled=False)

    page.get_by_label("Type", exact=True).select_option("order.created")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#rows .type")).to_have_text(["order.created"])
    page.goto(f"{served.console}console/scenarios/ack-lost")
    page.get_by_role("button", name="Play").click()

    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    expect(page.locator("#story li").first).to_be_visible()


def test_a_long_play_grows_before_the_eyes_and_is_stopped(served: Served, open_page: OpenPage) -> None:
    page = open_page(f"{served.console}console/scenarios")
    page.wait_for_selector("html[data-live=yes]")
    page.evaluate("window.marked = true")
    page.get_by_label("The file, in YAML or JSON").fill(LONG)

    page.get_by_role("button", name="Play it").click()
    expect(page.locator("#story")).to_contain_text("attempt 1: 200, acknowledged")
    expect(page.locator("#head .badge")).to_have_text("playing")
    page.get_by_role("button", name="Stop").click()

    expect(page.locator("#head .badge")).to_have_text("stopped")
    expect(page.locator("#story")).to_contain_text("the play was stopped here")
    assert page.evaluate("window.marked === true")


def test_a_mock_that_holds_says_so_on_every_page_and_is_released_there(served: Served, open_page: OpenPage) -> None:
    served.subscribe()
    page = open_page(f"{served.console}console/webhooks")
    page.wait_for_selector("html[data-live=yes]")
    served.mockstore.hold()
    event = served.mockstore.emit("pet.adopted")
    served.mockstore.news.tell()

    expect(page.locator("#holding")).to_contain_text("New deliveries are held back.")
    page.locator("#release-held").click()

    expect(page.locator("#holding")).to_be_empty()
    expect(page.locator("#notice")).to_have_text("Released 1.")
    served.mockstore.settle(TIMEOUT)
    assert event.delivery.state == "delivered"
