"""Answers the HTTP clients of this process from a Mockstore, and records every call."""

from mockstore.api.address import BASE_URL
from mockstore.api.calls import Call, Calls
from mockstore.api.petstore_api import PetstoreApi

__all__ = ["BASE_URL", "Call", "Calls", "PetstoreApi"]
