"""How the answer of pip-audit is read."""

from tests.vulnerabilities import asked, report

DOCUMENT = {
    "dependencies": [
        {"name": "flask", "version": "3.1.0", "vulns": []},
        {"name": "urllib3", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.0", "2.1"]}]},
        {"name": "mockstore", "skip_reason": "Dependency not found on PyPI and could not be audited"},
    ]
}


def test_what_is_known_and_what_was_not_asked_are_both_said() -> None:
    assert report(DOCUMENT) == (
        "2 packages were audited, 1 vulnerabilities are known\n"
        "urllib3 1.0: PYSEC-1, fixed in 2.0, 2.1\n"
        "NOT audited, since the service does not know them here: 1 packages (mockstore)"
    )


def test_no_answer_is_no_clean_result() -> None:
    assert str(asked(["false"])).startswith("JSONDecodeError")
    assert str(asked(["no-such-program"])).startswith("FileNotFoundError")
