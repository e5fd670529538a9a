"""How Sphinx builds the manual."""

from importlib import metadata

project = "mockstore"
author = "The mockstore maintainers"
copyright = "The mockstore maintainers"  # noqa: A001 - as Sphinx names it
release = version = metadata.version("mockstore")

extensions = ["myst_parser", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = "mockstore"
html_static_path: list[str] = []
copybutton_prompt_text = "$ "
suppress_warnings = ["misc.highlighting_failure"]  # `…` stands for left-out text in JSON
