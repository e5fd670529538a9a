"""What comes from outside, made fit for a terminal. Pure."""


def safe(text: str) -> str:
    """Return `text` with everything escaped that could move the cursor or change a colour."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
