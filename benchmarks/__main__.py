"""Runs the benchmarks and prints their results."""

import argparse
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from types import MappingProxyType

from benchmarks.harness import Section
from benchmarks.table import text_of

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "in_process": "one event into a Flask consumer in process",
        "ladder": "the 96-minute ladder",
        "fixtures": "the pytest fixture over an empty test",
        "first_use": "the first use of the fixture in a session",
        "plugin": "the plugin in a run that does not use it",
        "server": "the server fixture's start and stop",
        "throughput": "signed deliveries to a fast receiver",
        "callbacks": "callbacks that requests trigger",
        "storm": "10,000 events by one request",
        "slow_receiver": "a receiver that takes 50 ms",
        "history": "a stream of events through a bounded history",
        "cold_start": "the server's cold start, and its memory",
        "rest": "the Petstore API beside a trivial Flask view",
        "http_servers": "the Petstore API behind other HTTP servers",
        "plays": "a scenario of a thousand deliveries, and the audit",
        "queue": "an emit while 100,000 deliveries are pending",
    }
)
"""The sections: each is a module in this package with a function `measure()`."""


ADVICE = "Absolute goals were set on a quiet machine of 2 cores; on another one, or a busy one, go by the ratios."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the named sections, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SECTIONS)}; default: all")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {unknown[0]!r}; there are: {', '.join(SECTIONS)}")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # the time to log each request would be measured too
    found: dict[str, Section] = {}
    for name in options.names or SECTIONS:
        measure: Callable[[], Section] = import_module(f"benchmarks.{name}").measure
        found[name] = measure()
        if not options.json:
            print(text_of(found[name]), flush=True)
    print(_as_json(found) if options.json else _verdict(found))


def _as_json(found: Mapping[str, Section]) -> str:
    return json.dumps({name: asdict(section) for name, section in found.items()}, indent=2, ensure_ascii=False)


def _verdict(found: Mapping[str, Section]) -> str:
    judged = [is_met for section in found.values() for row in section.rows for is_met in row.judgements]
    return f"{judged.count(True)} of {len(judged)} goals met. {ADVICE}"


if __name__ == "__main__":
    main()
