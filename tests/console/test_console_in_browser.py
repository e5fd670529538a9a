"""The console in a real browser, against a running server."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from mockstore.model import Outgoing, Reply
from mockstore.service import Mockstore
from tests.console.conftest import TIMEOUT_MS, OpenPage
from tests.console.served import Served

pytestmark = pytest.mark.xdist_group("browser")

expect.set_options(timeout=TIMEOUT_MS)

HOSTILE = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>\"'><svg onload=window.ran=1>{{7*7}}"
MOST_TABS = 60
"""After so many presses of Tab, far more than any page needs, a test fails."""


def mark_page(page: Page) -> None:
    """Set a variable in the page that a reload would delete."""
    page.wait_for_selector("html[data-live=yes]")
    page.evaluate("window.marked = true")


def is_still_marked(page: Page) -> bool:
    return bool(page.evaluate("window.marked === true"))


def row(page: Page, text: str) -> Locator:
    return page.locator("#rows li").filter(has_text=text)


def fail_once(served: Served) -> str:
    """Let the first attempt of a delivery be refused and return its id; the next attempt will succeed."""
    served.subscribe(503, 200)
    event = served.mockstore.emit("order.created")
    served.mockstore.settle(timedelta(seconds=20))
    return event.delivery.id


def test_an_event_is_emitted_and_seen_to_arrive(served: Served, open_page: OpenPage) -> None:
    served.subscribe()
    page = open_page(served.console)
    mark_page(page)

    page.get_by_label("Event type", exact=True).select_option("pet.adopted")
    page.get_by_role("button", name="Emit", exact=True).click()

    expect(row(page, "pet.adopted")).to_contain_text("delivered")
    expect(page.locator("#notice")).to_have_text("Emitted 1.")
    expect(page.locator("#tally")).to_contain_text("1 delivered")
    expect(page.locator("#traffic")).to_contain_text("1 attempt acknowledged")
    assert is_still_marked(page)


def test_what_others_cause_shows_without_a_reload(served: Served, open_page: OpenPage) -> None:
    page = open_page(served.console)
    mark_page(page)
    assert (
        page.evaluate(
            "fetch('/_mockstore/emit', {method: 'POST', headers: {'Content-Type': 'application/json'}, "
            "body: JSON.stringify({type: 'payment.failed'})}).then(answer => answer.status)"
        )
        == 202
    )

    expect(row(page, "payment.failed")).to_contain_text("nobody subscribed")
    assert is_still_marked(page)


def test_a_retry_is_followed_up_the_ladder(served: Served, open_page: OpenPage) -> None:
    fail_once(served)
    page = open_page(served.console)
    row(page, "order.created").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Attempt 1: 503 refused")).to_be_visible()
    expect(page.get_by_role("heading", name="Attempt 2: in 1 min")).to_be_visible()
    expect(page.locator(".rung.planned")).to_have_count(3)
    mark_page(page)

    page.get_by_role("button", name="+1m").click()

    expect(page.get_by_role("heading", name="Attempt 2: 200 acknowledged")).to_be_visible()
    expect(page.locator("#head .badge")).to_have_text("delivered")
    expect(page.locator(".rung.planned")).to_have_count(0)
    assert is_still_marked(page)


def test_a_delivery_is_sent_again(served: Served, open_page: OpenPage) -> None:
    served.subscribe()
    event = served.mockstore.emit("pet.adopted")
    served.mockstore.settle(timedelta(seconds=20))
    page = open_page(f"{served.console}console/deliveries/{event.delivery.id}")
    mark_page(page)

    page.get_by_role("button", name="Redeliver").click()

    expect(page.get_by_role("heading", name="Attempt 2: 200 acknowledged")).to_be_visible()
    expect(page.locator("#ladder")).to_contain_text("the ladder anew")


def test_the_clock_is_moved_frozen_and_let_run(served: Served, open_page: OpenPage) -> None:
    page = open_page(served.console)
    mark_page(page)
    clock = page.locator("#clock")
    expect(clock).to_contain_text("6 Jan 2025, 12:00:00 stands still")

    page.get_by_label("Or by a span of your own").fill("1h30m")
    page.get_by_role("button", name="Advance").click()
    expect(clock).to_contain_text("6 Jan 2025, 13:30:00")
    page.get_by_role("button", name="Let it run").click()
    expect(clock).to_contain_text("runs")
    expect(clock).to_contain_text(re.compile("13:30:0[2-9]"))
    page.get_by_role("button", name="Freeze").click()

    expect(clock).to_contain_text("stands still")


def test_a_refusal_keeps_what_was_entered(served: Served, open_page: OpenPage) -> None:
    page = open_page(served.console)
    mark_page(page)

    page.get_by_label("Or by a span of your own").fill("soon")
    page.get_by_role("button", name="Advance").click()

    expect(page.locator("#notice")).to_have_text("'soon' is no duration; write for instance 90s, 5m or 1h30m")
    expect(page.get_by_label("Or by a span of your own")).to_have_value("soon")


def test_fields_and_json_keep_in_step(served: Served, open_page: OpenPage) -> None:
    served.subscribe()
    page = open_page(f"{served.console}console/emit?type=pet.adopted")
    name, as_json = page.get_by_label("pet.name"), page.get_by_label("The same as JSON")

    name.fill("Rex")
    expect(as_json).to_have_value('{\n  "pet.name": "Rex"\n}')
    as_json.fill('{"pet": {"name": "Ada", "species": "CAT"}}')
    expect(name).to_have_value("Ada")
    expect(page.get_by_label("pet.species")).to_have_value("CAT")
    page.get_by_role("button", name="Emit", exact=True).click()

    expect(page.locator("#notice")).to_have_text("Emitted 1.")
    assert served.mockstore.events[0].data["pet"]["name"] == "Ada"


def test_a_webhook_is_registered_and_its_secret_shown_once(served: Served, open_page: OpenPage) -> None:
    page = open_page(f"{served.console}console/webhooks")
    mark_page(page)

    page.get_by_label("URL").fill("http://127.0.0.1:9/hooks")
    page.get_by_label("Description").fill("the ledger")
    page.get_by_role("button", name="Register").click()

    expect(page.get_by_role("heading", name="the ledger")).to_be_visible()
    (webhook,) = served.mockstore.webhooks
    expect(page.locator("#the-secret")).to_have_text(webhook.secret)
    page.goto(f"{served.console}console/webhooks/{webhook.id}")
    assert webhook.secret not in page.content()


def test_a_scenario_is_played_and_its_timeline_shown(served: Served, open_page: OpenPage) -> None:
    page = open_page(f"{served.console}console/scenarios/ack-lost")
    mark_page(page)

    page.get_by_role("button", name="Play").click()

    expect(page.get_by_role("heading", name="ack-lost")).to_contain_text("passed")
    expect(page.locator(".story li").first).to_be_visible()
    assert len(served.mockstore.events) == 0


def emit_hostile_texts(mockstore: Mockstore) -> str:
    """Put hostile text wherever an outsider can put text, and return the id of the delivery."""
    answer = Reply(400, (("X-Answer", HOSTILE), ("Content-Type", HOSTILE)), HOSTILE.encode())

    def receive(_request: Outgoing) -> Reply:
        return answer

    mockstore.subscribe(receive, description=HOSTILE, path="/'onload='window.ran=1'&q=(1)")
    event = mockstore.emit(HOSTILE, body=f'{{"eventType": "{HOSTILE!r}"}}{HOSTILE}', invalid=True)
    mockstore.emit("pet.adopted", {"pet": {"name": HOSTILE}}, invalid=True)
    mockstore.settle(timedelta(seconds=20))
    return event.delivery.id


def test_hostile_text_is_shown_and_never_run(served: Served, open_page: OpenPage) -> None:
    delivery, page = emit_hostile_texts(served.mockstore), open_page(served.console)
    webhook = next(iter(served.mockstore.webhooks)).id
    event = served.mockstore.delivery(delivery).event.id
    for path in (
        "",
        f"console/deliveries/{delivery}",
        f"console/events/{event}",
        f"console/webhooks/{webhook}",
        "console/webhooks",
        "console/emit",
    ):
        page.goto(served.console + path)
        page.wait_for_selector("html[data-live=yes]")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        served.mockstore.news.tell()

        expect(page.get_by_text("window.ran = 1").first).to_be_attached()
        assert page.evaluate("window.ran") is None
        assert page.locator("img[src=x], main svg[onload], main script").count() == 0


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def tab_to(page: Page, wanted: str) -> None:
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"the focus on {page.evaluate('document.activeElement.outerHTML')} does not show"
        if focused(page) == wanted:
            return
    pytest.fail(f"{wanted} is not reached by the keyboard")


def test_the_keyboard_alone_gets_from_loading_to_a_delivered_event(served: Served, open_page: OpenPage) -> None:
    served.subscribe()
    page = open_page(served.console)
    mark_page(page)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    tab_to(page, "emit-now")
    page.keyboard.press("Enter")

    expect(row(page, "order.created")).to_contain_text("delivered")
    assert focused(page) == "emit-now"


def test_the_focus_stays_where_it_is_when_the_list_changes(served: Served, open_page: OpenPage) -> None:
    served.subscribe()
    served.mockstore.emit("pet.adopted")
    served.mockstore.settle(timedelta(seconds=20))
    page = open_page(served.console)
    mark_page(page)
    link = row(page, "pet.adopted").get_by_role("link")
    link.focus()
    before = focused(page)

    served.mockstore.emit("order.created")

    expect(row(page, "order.created")).to_contain_text("delivered")
    assert focused(page) == before
