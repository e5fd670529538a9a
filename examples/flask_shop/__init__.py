"""A small pet shop on Flask: it sells the pets of the Petstore, and keeps its books by webhooks."""
