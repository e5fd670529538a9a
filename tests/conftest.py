"""Plugins that all tests use."""

from hypothesis import settings

pytest_plugins = ["pytester", "tests.postgres"]

settings.register_profile("busy machines", deadline=None)
settings.load_profile("busy machines")
