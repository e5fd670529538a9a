"""An adoption agency on Django: it brings people and the Petstore's pets together, and knows both by webhooks."""
