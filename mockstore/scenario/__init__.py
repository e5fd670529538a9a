"""Scenarios: YAML files of steps and expectations, which run from the shell, over HTTP and in pytest."""

from mockstore.scenario.document import Rules, Scenario
from mockstore.scenario.loading import load, names, source_of, text_of
from mockstore.scenario.mistakes import InvalidScenarioError, Mistake, ScenarioBrokenError, ScenarioFailedError
from mockstore.scenario.play import Play
from mockstore.scenario.reading import read
from mockstore.scenario.result import Entry, Result, Verdict
from mockstore.scenario.stage import Consumer, check_targets
from mockstore.scenario.worlds import keywords_of, playing

__all__ = [
    "Consumer",
    "Entry",
    "InvalidScenarioError",
    "Mistake",
    "Play",
    "Result",
    "Rules",
    "Scenario",
    "ScenarioBrokenError",
    "ScenarioFailedError",
    "Verdict",
    "check_targets",
    "keywords_of",
    "load",
    "names",
    "playing",
    "read",
    "source_of",
    "text_of",
]
