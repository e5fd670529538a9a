"""The ready locustfile: `locust -f "$(mockstore load --locustfile)" --host URL --webhook-secret whsec_… -u 200`."""

from locust import events

from mockstore.load.run import ToldUser, add_options, begin

events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call] # Locust's
events.init.add_listener(begin)  # type: ignore[no-untyped-call] # Locust's


class Webhooks(ToldUser):
    """One event a second, each."""
