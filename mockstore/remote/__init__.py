"""A Mockstore that runs in a server elsewhere, with the same verbs."""
