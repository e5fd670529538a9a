"""A pet hotline on FastAPI: it adopts for its callers, and keeps a board of pets by webhooks."""
