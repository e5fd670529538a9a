"""Renders a section as a text table. Pure."""

from collections.abc import Iterator

from benchmarks.harness import Goal, Peer, Row, Section

_HEAD = ("what", "ours", "peer", "", "ratio", "goal", "")
_RIGHT = frozenset({1, 3, 4})
"""The columns of figures, which are aligned to the right."""


def text_of(section: Section) -> str:
    """Return the section's title, table and note."""
    lines = [_HEAD, *(line for row in section.rows for line in _lines(row))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    written = ["  ".join(_padded(line, widths)).rstrip() for line in lines]
    note = [f"  ({section.note})"] if section.note else []
    return "\n".join([section.title, *(f"  {line}" for line in written), *note, ""])


def _padded(line: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    for column, (cell, width) in enumerate(zip(line, widths, strict=True)):
        yield cell.rjust(width) if column in _RIGHT else cell.ljust(width)


def _lines(row: Row) -> Iterator[tuple[str, ...]]:
    goal = f"{row.goal.sign} {_figure(row.goal.limit, row.unit)}" if row.goal else ""
    yield (row.what, _figure(row.ours, row.unit), "", "", "", goal, _word(row.goal, row.ours))
    yield from (_peer_line(row, peer) for peer in row.peers)


def _peer_line(row: Row, peer: Peer) -> tuple[str, ...]:
    ratio = row.ours / peer.figure
    goal = f"{peer.goal.sign} {peer.goal.limit:.2f}" if peer.goal else ""
    return ("", "", peer.name, _figure(peer.figure, row.unit), f"{ratio:.2f}", goal, _word(peer.goal, ratio))


def _word(goal: Goal | None, figure: float) -> str:
    return "" if goal is None else "ok" if goal.is_met_by(figure) else "behind"


def _figure(figure: float, unit: str) -> str:
    digits = 0 if abs(figure) >= 100 else 1 if abs(figure) >= 10 else 2  # noqa: PLR2004 - three digits that count
    return f"{figure:,.{digits}f} {unit}"
