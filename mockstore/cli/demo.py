"""`mockstore demo`: renders the scripted demonstration of `story` for the terminal."""

from collections.abc import Iterator
from typing import Final

import click

from mockstore.cli.show import (
    attempt_line,
    clock_time,
    event_summary,
    mark,
    plural,
    quiet,
    say_json,
    state,
    strong,
    url_of,
)
from mockstore.cli.story import EmittedEvent, Story, play
from mockstore.cli.terminal_text import safe
from mockstore.delivery.schedule import describe
from mockstore.model import Json

EPILOG = """\b
Examples:
  mockstore demo
  mockstore demo --seed 7
  mockstore demo --json | jq .retried.attempts
"""

WIDTH: Final = 96
"""How many characters of a body are printed on one line."""

NEXT = """\
  in a terminal   mockstore serve                    the mock, for programs in any language
                  mockstore listen --register        a receiver beside it that verifies what comes
                  mockstore emit pet.adopted         and something for it to receive

  in pytest       def test_adoption_reaches_us(mockstore, app):        # Flask, Django, FastAPI
                      mockstore.subscribe(app, path="/webhooks/petstore", secret=SECRET)
                      event = mockstore.emit("pet.adopted")
                      event.assert_acknowledged()"""


@click.command(epilog=EPILOG)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed tells it of other pets.")
@click.option("--json", "as_json", is_flag=True, help="Print what happened as one JSON document.")
def demo(seed: int, as_json: bool) -> None:  # noqa: FBT001 - click calls it by keyword
    """Tell the whole story in the terminal, on a virtual clock.

    A webhook is registered, each type of event is emitted, signed, delivered and verified, a delivery is
    retried, and one is refused until its webhook is disabled. All in this process: no server, no waiting.
    """
    story = play(seed)
    if as_json:
        say_json(story.document())
    else:
        for line in _story_lines(story):
            click.echo(line)
    if not story.ok:
        click.get_current_context().exit(1)


def _story_lines(story: Story) -> Iterator[str]:
    yield strong("mockstore demo") + quiet("  everything below has just happened, in this process, on a virtual clock")
    yield from _chapter(1, "A webhook is registered")
    yield from _webhook_lines(story.webhook)
    yield from _chapter(2, "Things happen in the shop; each is signed, delivered, and verified by the receiver")
    yield from map(_event_line, story.emitted)
    yield from _request_lines(story.emitted[-1])
    yield from _chapter(3, "The receiver is down for a while, so a delivery is retried")
    yield from _delivery_lines(story.retried)
    if len({_signature(attempt) for attempt in story.retried["attempts"]}) == 1:
        yield quiet("  the same bytes under the same id each time, and so the same signature")
    yield from _chapter(4, "Another receiver does not come back, so its webhook is disabled")
    yield from _delivery_lines(story.refused)
    yield from _webhook_lines(story.disabled_webhook)
    yield from _chapter(5, "It is repaired and enabled, and gets what it missed")
    for attempt in story.recovered["attempts"][len(story.refused["attempts"]) :]:
        yield f"  {attempt_line(attempt)}"
    yield from _chapter(6, "What now")
    yield NEXT
    yield ""
    yield quiet(_totals(story))


def _chapter(number: int, title: str) -> Iterator[str]:
    yield ""
    yield f"{strong(f'{number}  {title}')}"


def _webhook_lines(webhook: Json) -> Iterator[str]:
    terms = f"wants {', '.join(webhook['events'])}, secret {webhook['secret']}"
    yield f"  {safe(webhook['url'])}  {state(webhook['status'])}  {quiet(terms)}"


def _event_line(emitted: EmittedEvent) -> str:
    event = emitted.event
    statuses = " ".join(str(one["attempts"][-1]["status"]) for one in event["deliveries"])
    checks = f"{statuses} {mark(emitted.ok)}  signature {mark(emitted.verified)}  schema {mark(not emitted.mistakes)}"
    return f"  {clock_time(event['timestamp'])}  {event['type']:<21} {checks}  {quiet(event_summary(event['payload']))}"


def _request_lines(emitted: EmittedEvent) -> Iterator[str]:
    """Yield the last request of the event: its URL, the `X-` headers and the body."""
    attempt = emitted.event["deliveries"][0]["attempts"][-1]
    yield quiet(f"  the last one, as it was sent to {safe(attempt['request']['url'])}:")
    for name, value in attempt["request"]["headers"]:
        if name.startswith("X-"):
            yield quiet(f"    {safe(name)}: {safe(value)}")
    body = safe(emitted.event["body"])
    for start in range(0, len(body), WIDTH):
        yield quiet(f"    {body[start : start + WIDTH]}")


def _signature(attempt: Json) -> str:
    return next(str(value) for name, value in attempt["request"]["headers"] if name == "X-Webhook-Signature")


def _delivery_lines(delivery: Json) -> Iterator[str]:
    yield f"  {delivery['eventType']} {quiet(delivery['eventId'])}  {url_of(delivery)}  {state(delivery['state'])}"
    for attempt in delivery["attempts"]:
        yield f"  {attempt_line(attempt)}"


def _totals(story: Story) -> str:
    passed = describe(story.ended - story.began)
    return (
        f"{passed} of virtual time, {plural(story.deliveries, 'delivery')}, {plural(story.attempts, 'attempt')}, "
        f"in {story.took.total_seconds() * 1000:.0f} ms of yours"
    )
