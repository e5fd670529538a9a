"""Asks pip-audit for known vulnerabilities in what is installed: `python -m tests.vulnerabilities`.

One that is known fails. What could not be asked about is said, and is no failure: the service may not be in reach.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

PATIENCE = 300


def findings(document: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return a line for each known vulnerability, and the names of the packages that were not audited."""
    known, unasked = [], []
    for package in document["dependencies"]:
        if "skip_reason" in package:
            unasked.append(str(package["name"]))
        for one in package.get("vulns", ()):
            fixed = ", ".join(one["fix_versions"]) or "no version"
            known.append(f"{package['name']} {package['version']}: {one['id']}, fixed in {fixed}")
    return known, unasked


def report(document: Mapping[str, Any]) -> str:
    """Return what is to be said of it."""
    known, unasked = findings(document)
    asked = len(document["dependencies"]) - len(unasked)
    lines = [f"{asked} packages were audited, {len(known)} vulnerabilities are known", *known]
    if unasked:
        names = ", ".join(unasked[:5]) + (", …" if len(unasked) > 5 else "")
        lines.append(f"NOT audited, since the service does not know them here: {len(unasked)} packages ({names})")
    return "\n".join(lines)


def asked(command: Sequence[str] = (sys.executable, "-m", "pip_audit", "--format", "json")) -> Mapping[str, Any] | str:
    """Return pip-audit's document, or why there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        document: Mapping[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return document


def main() -> int:
    """Print what is known; return 1 when a vulnerability is."""
    found = asked()
    if isinstance(found, str):
        print(f"NOT audited: pip-audit has no answer ({found})")  # noqa: T201 - printing is its work
        return 0
    print(report(found))  # noqa: T201 - printing is its work
    return 1 if findings(found)[0] else 0


if __name__ == "__main__":
    sys.exit(main())
