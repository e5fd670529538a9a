"""The HTTP door: routes that parse, make one call and render, and the server that carries them."""
