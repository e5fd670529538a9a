"""The console: a page to watch and cause deliveries."""
