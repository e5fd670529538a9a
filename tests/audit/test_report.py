"""Each format of the report is complete, and no answer of a consumer can break it."""

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from mockstore import Outgoing, Reply
from mockstore.audit import Area, Audit, Rule, Verdict, auditing, rules
from mockstore.audit.manual import markdown
from mockstore.audit.page import html
from mockstore.audit.report import document, junit, summary, text_of
from mockstore.faults import named
from tests.audit.conftest import SECRET

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"
WRITE = 'python -c \'from mockstore.audit.manual import markdown; open("docs/audit.md", "w").write(markdown())\''
EVIL = b"</pre><script>alert('x')</script>]]>\x00\x1b[31m&\xff"
VOID = {"meta"}


@pytest.fixture(scope="module")
def audit() -> Audit:
    """Return the audit of a consumer whose answers try to break the report."""

    def hostile(_: Outgoing) -> Reply:
        return Reply(500, (("X-Evil", "<script>"),), EVIL)

    with auditing(hostile, secret=SECRET, seed=1) as auditor:
        return auditor.run()


class ParsedPage(HTMLParser):
    """The tags, links and text of a page, as a browser parses it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_self_contained_and_nothing_gets_out_of_its_place(audit: Audit) -> None:
    parsed = ParsedPage()
    parsed.feed(html(audit))
    parsed.close()

    assert parsed.open == []
    assert "script" not in parsed.tags
    assert parsed.links == []
    assert "<script>alert('x')</script>" in parsed.text
    assert all(finding.rule.title in parsed.text for finding in audit.findings)


def test_junit_has_a_case_for_each_rule_and_is_xml_whatever_came_back(audit: Audit) -> None:
    root = ET.fromstring(junit(audit))  # noqa: S314 - it was written here

    cases = [str(case.get("name")).partition(":")[0] for case in root.iter("testcase")]
    assert cases == [rule.id for rule in rules()]
    assert len(list(root.iter("failure"))) == len(audit.failed)
    assert len(list(root.iter("skipped"))) == len(audit.of(Verdict.NOT_JUDGED))
    assert {suite.get("name") for suite in root} == set(Area)


def test_json_says_for_each_rule_what_was_sent_what_came_back_and_what_to_change(audit: Audit) -> None:
    told = json.loads(json.dumps(document(audit)))

    assert told["passed"] is False
    assert told["counts"]["failed"] == len(audit.failed)
    one = next(finding for finding in told["findings"] if finding["rule"] == "signature.genuine")
    assert one["reason"] == "it was answered 500, expected 2xx"
    assert one["exchanges"][0]["method"] == "POST"
    assert all(finding[name] for finding in told["findings"] for name in ("sent", "why", "change", "reason"))


def test_the_table_explains_what_failed(audit: Audit) -> None:
    text = text_of(audit)

    assert "✗ signature.genuine" in text
    assert "came back:   it was answered 500, expected 2xx" in text
    assert text.endswith(summary(audit))


def test_no_report_shows_the_secret(audit: Audit) -> None:
    assert all(SECRET not in told for told in (html(audit), junit(audit), json.dumps(document(audit)), text_of(audit)))


def test_the_page_of_the_manual_is_current() -> None:
    assert PAGE.read_text() == markdown(), f"docs/audit.md is out of date; write it anew: {WRITE}"


@pytest.mark.parametrize("area", Area)
def test_every_area_has_rules(area: Area) -> None:
    assert [rule for rule in rules() if rule.area is area]


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.fault is not None], ids=str)
def test_a_rule_from_the_catalogue_says_what_the_catalogue_says(rule: Rule) -> None:
    fault = named(str(rule.fault))

    assert rule.change.endswith(fault.good_consumer[1:])
    assert rule.expects is fault.expects


def test_ids_are_unique() -> None:
    assert len({rule.id for rule in rules()}) == len(rules())
