"""An adoption agency on Django: families adopt pets of the Petstore, whose webhooks keep its database up to date."""
