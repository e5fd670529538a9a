"""The app of a server with no options, for other HTTP servers to carry."""

from flask import Flask

from mockstore.parts import standalone_rules
from mockstore.settings import Settings
from mockstore.tenants import Tenants
from mockstore.web.app import create_app
from mockstore.web.tally import Tally


def make() -> Flask:
    """Return the app; its worlds last as long as the process."""
    settings = Settings()
    rules = standalone_rules(settings)
    tally = Tally(rules.catalogue.types)
    return create_app(Tenants(settings, rules, lambda _, seen: tally.observe(seen)), settings, tally)
