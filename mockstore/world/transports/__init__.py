"""The transports: they send a request over HTTP, into a WSGI or ASGI app or to a callable; a router chooses one.

Import the others from their own modules: `http` and `asgi` load sockets, TLS and event loops.
"""

from mockstore.world.transports.function import FunctionTransport
from mockstore.world.transports.router import Router
from mockstore.world.transports.target import transport_for
from mockstore.world.transports.wsgi import WsgiTransport

__all__ = ["FunctionTransport", "Router", "WsgiTransport", "transport_for"]
