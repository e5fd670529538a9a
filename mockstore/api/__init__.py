"""The API for Python clients in this process: they call as ever, a Mockstore answers, and every call is on record."""

from mockstore.api.address import BASE_URL
from mockstore.api.calls import Call, Calls
from mockstore.api.petstore_api import PetstoreApi

__all__ = ["BASE_URL", "Call", "Calls", "PetstoreApi"]
