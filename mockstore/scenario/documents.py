"""Converts a scenario's result to a JSON document and back. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from mockstore.events import rfc3339
from mockstore.model import Json
from mockstore.scenario.document import Place, Scenario
from mockstore.scenario.result import Break, Entry, Kind, Result, Verdict


def result_document(result: Result) -> dict[str, Json]:
    """Return the result as a JSON document; the same run makes the same document."""
    scenario = result.scenario
    return {
        "name": scenario.name,
        "description": scenario.description,
        "source": scenario.source,
        "seed": scenario.seed,
        "clock": scenario.clock,
        "variables": dict(scenario.variables),
        "passed": result.passed,
        "expectations": [_verdict_document(verdict) for verdict in result.verdicts],
        "broken": None
        if result.broken is None
        else {"line": result.broken.place.line, "path": result.broken.place.path, "message": result.broken.why},
        "timeline": [entry_document(entry) for entry in result.entries],
    }


def entry_document(entry: Entry) -> dict[str, Json]:
    """Return one entry of the timeline as a JSON document."""
    return {
        "kind": str(entry.kind),
        "at": rfc3339(entry.at),
        "offsetSeconds": entry.since.total_seconds(),
        "line": entry.line,
        "text": entry.text,
        **entry.facts,
    }


def _verdict_document(verdict: Verdict) -> dict[str, Json]:
    return {
        "line": verdict.place.line,
        "path": verdict.place.path,
        "claim": verdict.claim,
        "holds": verdict.holds,
        "differences": list(verdict.differences),
    }


def result_of(document: Mapping[str, Json]) -> Result:
    """Return the result from its JSON document; the scenario in it has no steps, webhooks or rules."""
    scenario = Scenario(
        name=document["name"],
        source=document["source"],
        description=document["description"],
        seed=document["seed"],
        clock=document["clock"],
        variables=document["variables"],
    )
    verdicts = tuple(
        Verdict(Place(one["line"], one["path"]), one["claim"], tuple(one["differences"]))
        for one in document["expectations"]
    )
    broken = document["broken"]
    return Result(
        scenario,
        tuple(map(_entry_of, document["timeline"])),
        verdicts,
        None if broken is None else Break(Place(broken["line"], broken["path"]), broken["message"]),
    )


def _entry_of(document: Mapping[str, Json]) -> Entry:
    return Entry(
        kind=Kind(document["kind"]),
        at=datetime.fromisoformat(document["at"]),
        since=timedelta(seconds=document["offsetSeconds"]),
        line=document["line"],
        text=document["text"],
        facts={name: value for name, value in document.items() if name not in _OF_EVERY_ENTRY},
    )


_OF_EVERY_ENTRY = frozenset({"kind", "at", "offsetSeconds", "line", "text"})
