"""Audits a consumer: sends a fixed set of deliveries, good and bad, and judges its answers rule by rule."""

from mockstore.audit.probe import Probe, probe_of_command, probe_of_url
from mockstore.audit.result import Audit, Exchange, Finding, Verdict
from mockstore.audit.rules import Area, Rule, rule_named, rules
from mockstore.audit.run import Auditor, auditing

__all__ = [
    "Area",
    "Audit",
    "Auditor",
    "Exchange",
    "Finding",
    "Probe",
    "Rule",
    "Verdict",
    "auditing",
    "probe_of_command",
    "probe_of_url",
    "rule_named",
    "rules",
]
