"""Escapes untrusted text for output on a terminal. Pure."""


def safe(text: str) -> str:
    """Return `text` with every character escaped that is not printable, such as those that move the cursor."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
