"""A pet hotline on FastAPI: it adopts pets for its callers, and webhooks keep its board of pets up to date."""
