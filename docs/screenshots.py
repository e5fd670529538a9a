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
DESK: Final = {"width": 1280, "height": 860}
PHONE: Final = {"width": 390, "height": 844}
PATIENCE: Final = timedelta(seconds=30)
DAY: Final = (
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
    """Make every picture."""
    FOLDER.mkdir(exist_ok=True)
    settings = Settings(port=0, clock="virtual")
    with serving(settings) as (server, tenants), sync_playwright() as playwright:
        delivery = furnish(tenants, f"{server.url}/_mockstore/inbox")
        console = f"{server.url}/_mockstore/"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        take(browser, console, "console-light")
        take(browser, console, "console-dark", scheme="dark")
        take(browser, f"{console}console/deliveries/{delivery}", "console-delivery")
        take(browser, console, "console-phone", size=PHONE)
        browser.close()


def furnish(tenants: Tenants, inbox: str) -> str:
    """Let some minutes of a shop pass, and return the id of a delivery that is being retried."""
    shop = tenants.of(None)
    tenants.tenant(None).inbox.will_answer([200, 200, 503, 200, 200, 200, 503, 503, 200])
    shop.subscribe(inbox, description="the shop's ledger")
    down = shop.subscribe("http://127.0.0.1:9/accounting", events="payment.*", description="accounting")
    for number, event_type in enumerate(DAY):
        emit(shop, event_type, fault="duplicate" if number == len(DAY) // 2 else ())
        shop.advance(seconds=50)
    return down.deliveries[0].id


def emit(shop: Mockstore, event_type: str, fault: str | tuple[()]) -> None:
    """Emit an event and wait until it was sent."""
    shop.emit(event_type, fault=fault)
    shop.settle(PATIENCE)


def take(browser: Browser, url: str, name: str, *, size: dict[str, int] = DESK, scheme: str = "light") -> None:
    """Take one picture of what a window of this size shows."""
    context = browser.new_context(viewport=size, color_scheme="dark" if scheme == "dark" else "light")  # type: ignore[arg-type]  # a mapping of the two sides
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-live=yes]")
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
