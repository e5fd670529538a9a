"""The shop: a petstore that changes, and says so. Rules and documents; no HTTP, no clock, no dice of its own."""
