"""The console for people who see, hold and steer it differently: audited by axe, on a phone, in the dark."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.conftest import Open
from tests.console.served import Served

pytestmark = pytest.mark.xdist_group("browser")

PAGES = ("live", "empty", "event", "delivery", "emit", "webhooks", "webhook", "scenarios", "scenario", "refusal")
PHONE = {"width": 360, "height": 740}
LONG = "a-receiver-with-a-name-that-is-far-too-long-for-any-screen/" * 4


def furnished(mock: Served) -> Mapping[str, str]:
    """Put something into every part of every page, and return where the pages are."""
    mock.subscribe(503, 500, 200, description="the shop's ledger")
    shop = mock.mockstore
    webhook = next(iter(shop.webhooks))
    shop.subscribe(f"http://127.0.0.1:9/{LONG}", events="payment.*")
    event = shop.emit("order.created")
    shop.settle(timedelta(seconds=20))
    shop.emit("pet.adopted", fault="tampered_body", to=webhook)
    shop.emit("payment.failed", {"payment": {"amount": LONG}}, invalid=True)
    shop.settle(timedelta(seconds=20))
    shop.hold()
    shop.emit("payment.failed")
    return {
        "live": mock.console,
        "empty": f"{mock.console}?tenant=019b4132-70aa-764f-b315-e2803d882a24",
        "event": f"{mock.console}console/events/{shop.events[2].id}",
        "delivery": f"{mock.console}console/deliveries/{event.delivery.id}",
        "emit": f"{mock.console}console/emit?type=order.created",
        "webhooks": f"{mock.console}console/webhooks",
        "webhook": f"{mock.console}console/webhooks/{webhook.id}",
        "scenarios": f"{mock.console}console/scenarios",
        "scenario": f"{mock.console}console/scenarios/ack-lost",
        "refusal": f"{mock.console}console/deliveries/none",
    }


def unfold(page: Page) -> None:
    """Show all that a page can show."""
    page.wait_for_selector("html[data-live=yes]")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_to_complain_of_in_light_and_dark(name: str, mock: Served, open_page: Open) -> None:
    page = open_page(furnished(mock)[name])
    unfold(page)
    if name == "scenario":
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_role("heading", name="Expectations")).to_be_visible()

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page)

        assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_never_scrolls_sideways(name: str, mock: Served, open_page: Open) -> None:
    page = open_page(furnished(mock)[name], viewport=PHONE)
    unfold(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_dark_is_dark(mock: Served, open_page: Open) -> None:
    page = open_page(mock.console, color_scheme="light")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)

    page.emulate_media(color_scheme="dark")

    assert (light, page.evaluate(ground)) == ("rgb(246, 245, 241)", "rgb(18, 21, 23)")
