"""How the output of pip-audit is read and reported."""

from tests.vulnerabilities import report, run_audit

DOCUMENT = {
    "dependencies": [
        {"name": "flask", "version": "3.1.0", "vulns": []},
        {"name": "urllib3", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.0", "2.1"]}]},
        {"name": "mockstore", "skip_reason": "Dependency not found on PyPI and could not be audited"},
    ]
}


def test_known_vulnerabilities_and_unaudited_packages_are_both_reported() -> None:
    assert report(DOCUMENT) == (
        "2 packages were audited, 1 vulnerabilities are known\n"
        "urllib3 1.0: PYSEC-1, fixed in 2.0, 2.1\n"
        "NOT audited, since the service does not know them here: 1 packages (mockstore)"
    )


def test_no_output_is_no_clean_result() -> None:
    assert str(run_audit(["false"])).startswith("JSONDecodeError")
    assert str(run_audit(["no-such-program"])).startswith("FileNotFoundError")
