"""Checks the installed packages for known vulnerabilities by pip-audit: `python -m tests.vulnerabilities`.

It fails if there is one. Packages that could not be audited are reported, but do not fail it: the service may be down.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

TIMEOUT = 300


def findings(document: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return a line for each known vulnerability, and the names of the packages that were not audited."""
    known, not_audited = [], []
    for package in document["dependencies"]:
        if "skip_reason" in package:
            not_audited.append(str(package["name"]))
        for one in package.get("vulns", ()):
            fixed = ", ".join(one["fix_versions"]) or "no version"
            known.append(f"{package['name']} {package['version']}: {one['id']}, fixed in {fixed}")
    return known, not_audited


def report(document: Mapping[str, Any]) -> str:
    """Return the text that is printed about pip-audit's document."""
    known, not_audited = findings(document)
    audited = len(document["dependencies"]) - len(not_audited)
    lines = [f"{audited} packages were audited, {len(known)} vulnerabilities are known", *known]
    if not_audited:
        names = ", ".join(not_audited[:5]) + (", …" if len(not_audited) > 5 else "")
        lines.append(f"NOT audited, since the service does not know them here: {len(not_audited)} packages ({names})")
    return "\n".join(lines)


def run_audit(
    command: Sequence[str] = (sys.executable, "-m", "pip_audit", "--format", "json"),
) -> Mapping[str, Any] | str:
    """Run pip-audit and return its JSON document, or a text that says why there is none."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        document: Mapping[str, Any] = json.loads(run.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return document


def main() -> int:
    """Print the report; return 1 when there is a known vulnerability, else 0."""
    found = run_audit()
    if isinstance(found, str):
        print(f"NOT audited: pip-audit has no answer ({found})")  # noqa: T201 - printing is its work
        return 0
    print(report(found))  # noqa: T201 - printing is its work
    return 1 if findings(found)[0] else 0


if __name__ == "__main__":
    sys.exit(main())
