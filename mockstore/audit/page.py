"""Renders an audit as one self-contained HTML page. Pure; everything from the consumer is escaped."""

from html import escape
from typing import Final

from mockstore.audit.report import document
from mockstore.audit.result import Audit
from mockstore.audit.rules import Area
from mockstore.model import Json

_STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2rem; text-transform: capitalize }
details { border-left: 4px solid; padding: .3rem .8rem; margin: .4rem 0 }
.passed { border-color: #2a8a4a } .failed { border-color: #c0392b } .not { border-color: #b8860b }
summary { cursor: pointer } summary b { font-weight: 600 }
dt { font-weight: 600; margin-top: .4rem } dd { margin-left: 1rem }
code, pre { font: .85rem/1.4 ui-monospace, monospace } pre { overflow-x: auto; white-space: pre-wrap; word-break: break-all }
"""  # noqa: E501 - a style sheet
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Forbids scripts, images and requests, in case something was not escaped."""


def html(audit: Audit) -> str:
    """Return the page in HTML."""
    report = document(audit)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report["counts"].items())
    probe = "with a probe of side effects" if audit.probed else "without a probe: no effects were counted"
    areas = "\n".join(_area(area, report["findings"]) for area in Area)
    title = f"Audit of {escape(audit.target)}"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n<style>{_STYLE}</style>\n'
        f"</head>\n<body>\n<h1>{title}</h1>\n"
        f"<p><b>{'Passed' if audit.passed else 'Failed'}</b>: {escape(counts)}; {probe}; "
        f"sent was mostly <code>{escape(audit.event_type)}</code>.</p>\n{areas}\n</body>\n</html>\n"
    )


def _area(area: Area, findings: list[Json]) -> str:
    found = [finding for finding in findings if finding["area"] == area]
    return f"<h2>{escape(area)}</h2>\n" + "\n".join(map(_finding, found)) if found else ""


def _finding(finding: Json) -> str:
    verdict = finding["verdict"]
    rows = {
        "What was sent": finding["sent"],
        "What came back": finding["reason"],
        "The probe": finding["effects"],
        "Why it matters": finding["why"],
        "What to change" if verdict == "failed" else "What a good consumer does": finding["change"],
    }
    listed = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in rows.items() if text)
    exchanges = "".join(map(_exchange, finding["exchanges"]))
    opened = " open" if verdict == "failed" else ""
    return (
        f'<details class="{verdict.partition(" ")[0]}"{opened}><summary><b>{escape(verdict)}</b> '
        f"{escape(finding['title'])} <code>{escape(finding['rule'])}</code></summary>"
        f"<dl>{listed}</dl>{exchanges}</details>"
    )


def _exchange(exchange: Json) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in exchange["headers"])
    answer = f"{exchange['answer']} after {exchange['tookMs']} ms"
    rest = "\n".join(filter(None, (exchange["error"], exchange["answerBody"])))
    return (
        f"<pre>{escape(exchange['method'])}\n{escape(headers)}\n\n{escape(exchange['body'])}</pre>"
        f"<pre>{escape(answer)}\n{escape(rest)}</pre>"
    )
