"""The root command `mockstore`, and the table of its subcommands."""

import io
import os
import sys

import click

from mockstore.cli.groups import Entry, LazyGroup

SECTIONS = {
    "Start": {
        "demo": Entry("demo", "Tell the whole story in the terminal, on a virtual clock."),
        "serve": Entry("serve", "Run the mock on this machine."),
        "config": Entry("config", "Show the settings in force, and where each comes from."),
        "init": Entry("init", "Write a starter test for the project in this folder."),
        "doctor": Entry("doctor", "Check this installation, and a running server."),
        "completion": Entry("completion", "Print what makes your shell complete these commands."),
    },
    "Events": {
        "emit": Entry("emit", "Make an event: by a running mock, or straight to a URL."),
        "events": Entry("events", "Show what was emitted."),
        "deliveries": Entry("deliveries", "Show what was sent, attempt by attempt."),
        "redeliver": Entry("redeliver", "Send a delivery again."),
        "export": Entry("export", "Make a regression test of deliveries."),
        "faults": Entry("faults", "List what can be made to go wrong: emit --fault NAME."),
        "webhooks": Entry("webhooks", "Register webhooks, change them, rotate their secrets."),
    },
    "The shop": {
        "orders": Entry("orders", "Ship an order, deliver it."),
    },
    "Scenarios": {
        "play": Entry("play", "Play a scenario: a file, or a ready one by its name."),
        "scenarios": Entry("scenarios", "List the ready scenarios, and show one."),
    },
    "Time": {
        "clock": Entry("clock", "Read the mock's clock, advance it, freeze it."),
        "reset": Entry("reset", "Forget all webhooks, events and deliveries."),
    },
    "At the receiving end": {
        "listen": Entry("listen", "Receive deliveries, verify and print them."),
        "audit": Entry("audit", "Audit a consumer: the fixed matrix, a verdict for each rule."),
        "load": Entry("load", "Put a consumer under load: signed events at a constant rate."),
        "verify": Entry("verify", "Say whether a signature is genuine, and if not, why."),
        "schema": Entry("schema", "Print the JSON Schema of an event type."),
    },
}

EPILOG = """\b
Examples:
  mockstore demo
  mockstore serve --port 8080
  mockstore listen --port 9000 --register
  mockstore emit pet.adopted --set data.pet.name=Rex
  mockstore deliveries --state failed

\b
Every command explains itself: mockstore emit --help
Completion for bash: eval "$(mockstore completion bash)"
"""


@click.group(cls=LazyGroup, sections=SECTIONS, epilog=EPILOG)
@click.version_option(package_name="mockstore", message="%(prog)s %(version)s")
@click.pass_context
def mockstore(context: click.Context) -> None:
    """Mock the Modern Petstore API, with the signed webhook events that it sends."""
    if os.environ.get("NO_COLOR"):
        context.color = False
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # escape what the terminal cannot encode, instead of failing
            stream.reconfigure(errors="backslashreplace")
