"""Makes the pictures of the console in docs/pictures: `python docs/screenshots.py`. Needs Playwright and Chromium."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from mockstore.service import Mockstore
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.serve import serving

FOLDER: Final = Path(__file__).parent / "pictures"
CHROMIUM: Final = "/usr/bin/chromium"
DESKTOP: Final = {"width": 1280, "height": 860}
PHONE: Final = {"width": 390, "height": 844}
TIMEOUT: Final = timedelta(seconds=30)
EVENT_TYPES: Final = (
    "order.created",
    "payment.succeeded",
    "order.status_changed",
    "pet.status_changed",
    "pet.adopted",
    "order.created",
    "payment.failed",
    "order.created",
    "pet.adopted",
)


def main() -> None:
    """Start a server with some deliveries and save every picture."""
    FOLDER.mkdir(exist_ok=True)
    settings = Settings(port=0, clock="virtual")
    with serving(settings) as (server, tenants), sync_playwright() as playwright:
        delivery = fill_shop(tenants, f"{server.url}/_mockstore/inbox")
        console = f"{server.url}/_mockstore/"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        take_picture(browser, console, "console-light")
        take_picture(browser, console, "console-dark", scheme="dark")
        take_picture(browser, f"{console}console/deliveries/{delivery}", "console-delivery")
        take_picture(browser, console, "console-phone", size=PHONE)
        browser.close()


def fill_shop(tenants: Tenants, inbox: str) -> str:
    """Deliver the events of some minutes; return the id of a delivery that is being retried."""
    shop = tenants.of(None)
    tenants.tenant(None).inbox.will_answer([200, 200, 503, 200, 200, 200, 503, 503, 200])
    shop.subscribe(inbox, description="the shop's ledger")
    unreachable = shop.subscribe("http://127.0.0.1:9/accounting", events="payment.*", description="accounting")
    for number, event_type in enumerate(EVENT_TYPES):
        emit(shop, event_type, fault="duplicate" if number == len(EVENT_TYPES) // 2 else ())
        shop.advance(seconds=50)
    return unreachable.deliveries[0].id


def emit(shop: Mockstore, event_type: str, fault: str | tuple[()]) -> None:
    """Emit an event and wait until it is delivered."""
    shop.emit(event_type, fault=fault)
    shop.settle(TIMEOUT)


def take_picture(
    browser: Browser, url: str, name: str, *, size: dict[str, int] = DESKTOP, scheme: str = "light"
) -> None:
    """Save a picture of the page in a browser window of this size; `scheme` is "light" or "dark"."""
    context = browser.new_context(viewport=size, color_scheme="dark" if scheme == "dark" else "light")  # type: ignore[arg-type]  # a dict of width and height
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-live=yes]")
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
