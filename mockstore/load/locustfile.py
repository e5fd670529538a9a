"""Our locustfile: `locust -f "$(mockstore load --locustfile)" --host URL --webhook-secret whsec_… -u 200`."""

from locust import events

from mockstore.load.run import ConfiguredUser, add_options, on_init

events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call] # Locust's
events.init.add_listener(on_init)  # type: ignore[no-untyped-call] # Locust's


class Webhooks(ConfiguredUser):
    """A user that sends one event per second, unless options say otherwise."""
