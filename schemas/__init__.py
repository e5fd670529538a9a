"""JSON Schema 2020-12 files, read with `importlib.resources.files("mockstore.schemas")`."""
