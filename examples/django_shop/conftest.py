"""The agency under test: what it asks is answered in process, and what that changes comes to its webhook."""

import pytest
from django.conf import settings

from mockstore import Mockstore, Webhook


@pytest.fixture(autouse=True)
def webhook(mockstore: Mockstore, db: None) -> Webhook:  # noqa: ARG001 - it opens the database
    return mockstore.subscribe("django", path="/webhooks/petstore", secret=settings.PETSTORE_SECRET)
