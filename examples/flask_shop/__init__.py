"""A small pet shop on Flask: it sells the pets of the Petstore, and webhooks keep its books up to date."""
