"""Escapes text for XML 1.0, including characters that XML 1.0 does not allow. Pure."""

from xml.sax.saxutils import escape, quoteattr


def attribute(text: str) -> str:
    """Return `text` as the value of an attribute, in quotes."""
    return quoteattr(_printable(text))


def content(text: str) -> str:
    """Return `text` as the content of an element."""
    return escape(_printable(text))


def _printable(text: str) -> str:
    """Return `text` with Python escapes for the characters that XML 1.0 does not allow."""
    return "".join(one if _is_xml(one) else one.encode("unicode_escape").decode("ascii") for one in text)


def _is_xml(one: str) -> bool:
    return one in "\t\n\r" or " " <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd" or one > "\uffff"
