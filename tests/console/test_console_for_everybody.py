"""The console is accessible: it passes the checks of axe, fits a phone, and has a dark colour scheme."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.conftest import OpenPage
from tests.console.served import Served

pytestmark = pytest.mark.xdist_group("browser")

PAGES = ("live", "empty", "event", "delivery", "emit", "webhooks", "webhook", "scenarios", "scenario", "refusal")
PHONE = {"width": 360, "height": 740}
LONG_TEXT = "a-receiver-with-a-name-that-is-far-too-long-for-any-screen/" * 4


def fill_pages(served: Served) -> Mapping[str, str]:
    """Create records that fill every part of every page; return the URL of each page by its name."""
    served.subscribe(503, 500, 200, description="the shop's ledger")
    mockstore = served.mockstore
    webhook = next(iter(mockstore.webhooks))
    mockstore.subscribe(f"http://127.0.0.1:9/{LONG_TEXT}", events="payment.*")
    event = mockstore.emit("order.created")
    mockstore.settle(timedelta(seconds=20))
    mockstore.emit("pet.adopted", fault="tampered_body", to=webhook)
    mockstore.emit("payment.failed", {"payment": {"amount": LONG_TEXT}}, invalid=True)
    mockstore.settle(timedelta(seconds=20))
    mockstore.hold()
    mockstore.emit("payment.failed")
    return {
        "live": served.console,
        "empty": f"{served.console}?tenant=019b4132-70aa-764f-b315-e2803d882a24",
        "event": f"{served.console}console/events/{mockstore.events[2].id}",
        "delivery": f"{served.console}console/deliveries/{event.delivery.id}",
        "emit": f"{served.console}console/emit?type=order.created",
        "webhooks": f"{served.console}console/webhooks",
        "webhook": f"{served.console}console/webhooks/{webhook.id}",
        "scenarios": f"{served.console}console/scenarios",
        "scenario": f"{served.console}console/scenarios/ack-lost",
        "refusal": f"{served.console}console/deliveries/none",
    }


def open_details(page: Page) -> None:
    """Wait for the page's script, then open every `details` element."""
    page.wait_for_selector("html[data-live=yes]")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_to_complain_of_in_light_and_dark(name: str, served: Served, open_page: OpenPage) -> None:
    page = open_page(fill_pages(served)[name])
    open_details(page)
    if name == "scenario":
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_role("heading", name="Expectations")).to_be_visible()

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page)

        assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_never_scrolls_sideways(name: str, served: Served, open_page: OpenPage) -> None:
    page = open_page(fill_pages(served)[name], viewport=PHONE)
    open_details(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_dark_colour_scheme_has_a_dark_background(served: Served, open_page: OpenPage) -> None:
    page = open_page(served.console, color_scheme="light")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)

    page.emulate_media(color_scheme="dark")

    assert (light, page.evaluate(background)) == ("rgb(246, 245, 241)", "rgb(18, 21, 23)")
