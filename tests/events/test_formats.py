"""The values that each format accepts and refuses."""

import pytest

from mockstore.events.formats import FORMATS

GOOD = {
    "date-time": [
        "2025-01-06T12:00:00Z",
        "2025-01-06t12:00:00z",
        "2025-01-06T12:00:00.123456789+05:30",
        "2024-02-29T23:59:59-00:00",
        "2016-12-31T23:59:60Z",
        "2016-12-31T15:59:60-08:00",
    ],
    "date": ["2025-01-06", "2024-02-29"],
    "email": ["john@example.com", "john.o'neil+pets@mail.example.org", "a@b-c.example"],
    "uri": ["https://example.com/a?b=%20#c", "urn:isbn:0451450523", "mailto:john@example.com"],
    "uuid": ["019b4132-70aa-764f-b315-e2803d882a24", "019B4132-70AA-764F-B315-E2803D882A24"],
}
BAD = {
    "date-time": [
        "",
        "2025-01-06",
        "2025-01-06T12:00:00",
        "2025-01-06 12:00:00Z",
        "2025-01-06T24:00:00Z",
        "2025-01-06T12:60:00Z",
        "2025-01-06T12:00:61Z",
        "2025-01-06T12:00:60Z",
        "2025-02-29T12:00:00Z",
        "2025-01-06T12:00:00+24:00",
        "2025-01-06T12:00:00+0530",
        "2025-01-06T12:00Z",
        "20250106T120000Z",
        "2025-01-06T12:00:00Z\n",
        "٢٠٢٥-01-06T12:00:00Z",
        "0001-01-01T00:00:60+01:00",
    ],
    "date": ["", "2025-1-6", "2025-02-29", "20250106", "2025-W02-1", "2025-01-06T12:00:00Z", "2025-01-06\n"],
    "email": [
        "",
        "john",
        "@example.com",
        "john@",
        "john@example",
        "john@@example.com",
        "john@-example.com",
        ".john@example.com",
        "jo..hn@example.com",
        "john doe@example.com",
        "john@example.com\n",
        "jöhn@example.com",
        f"{'x' * 65}@example.com",
    ],
    "uri": ["", "example.com", "/path", "https://exa mple.com", "https://example.com/%zz", "https:", "http://münchen.example"],
    "uuid": ["", "019b4132", "019b413270aa764fb315e2803d882a24", "019b4132-70aa-764f-b315-e2803d882a2g"],
}  # fmt: skip


def test_every_format_has_cases() -> None:
    assert FORMATS.keys() == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in GOOD.items() for text in texts])
def test_a_good_one_passes(name: str, text: str) -> None:
    assert FORMATS[name](text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_a_bad_one_is_refused(name: str, text: str) -> None:
    assert not FORMATS[name](text)
