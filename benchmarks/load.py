"""Loads a plugin in a new pytest process and prints the seconds it took: `python -m benchmarks.load MODULE`."""

import sys
from importlib import import_module
from time import perf_counter

import pytest


class Loader:
    """Loads the plugin after pytest itself has started."""

    def __init__(self, module: str) -> None:
        self._module = module

    def pytest_configure(self, config: pytest.Config) -> None:
        """Import and register the plugin, print the seconds, and exit."""
        started = perf_counter()
        config.pluginmanager.register(import_module(self._module), "measured")
        took = perf_counter() - started
        sys.stdout.write(f"{took}\n")
        pytest.exit("measured", returncode=0)


if __name__ == "__main__":
    sys.exit(pytest.main(["-q"], plugins=[Loader(sys.argv[1])]))
