"""The agency under test: its API calls are answered in process, and the events that follow go to its webhook."""

import pytest
from django.conf import settings

from mockstore import Mockstore, Webhook


@pytest.fixture(autouse=True)
def webhook(mockstore: Mockstore, db: None) -> Webhook:  # noqa: ARG001 - it opens the database
    return mockstore.subscribe("django", path="/webhooks/petstore", secret=settings.PETSTORE_SECRET)
