"""Load tests of a consumer: users of Locust that send signed events.

`WebhookUser` is imported when it is first used, because importing Locust patches the standard library (gevent).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockstore.load.user import WebhookUser as WebhookUser  # as itself: this exports it


def __getattr__(name: str) -> object:
    if name != "WebhookUser":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return import_module(f"{__name__}.user").WebhookUser
    except ModuleNotFoundError as error:
        if error.name not in {"gevent", "locust"}:
            raise
        raise ImportError("mockstore.load needs Locust: pip install 'mockstore[load]'") from error
