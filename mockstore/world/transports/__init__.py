"""The ways to a receiver: HTTP, a WSGI or ASGI app, a plain callable, and the router that chooses among them.

What is not named here is imported from its own file: `http` and `asgi` load sockets, TLS and event loops.
"""

from mockstore.world.transports.function import FunctionTransport
from mockstore.world.transports.router import Router
from mockstore.world.transports.target import transport_for
from mockstore.world.transports.wsgi import WsgiTransport

__all__ = ["FunctionTransport", "Router", "WsgiTransport", "transport_for"]
