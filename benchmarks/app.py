"""The WSGI app of `mockstore serve` with default settings, to run it on other HTTP servers."""

from flask import Flask

from mockstore.parts import standalone_rules
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.app import create_app
from mockstore.web.tally import Tally


def make() -> Flask:
    """Return the app; its tenants are never closed."""
    settings = Settings()
    rules = standalone_rules(settings)
    tally = Tally(rules.catalogue.types)
    return create_app(Tenants(settings, rules, lambda _, seen: tally.observe(seen)), settings, tally)
