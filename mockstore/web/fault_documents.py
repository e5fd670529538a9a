"""Faults and their rules as JSON documents. Pure."""

from mockstore.faults import Fault
from mockstore.faults.standing import Rule
from mockstore.web.documents import Document


def rule_document(rule: Rule) -> Document:
    """Return a rule."""
    attempts = {number for fault in rule.faults for number in fault.attempts}
    return {
        "fault": [fault.name for fault in rule.faults],
        "to": rule.to,
        "events": list(rule.events),
        "attempts": sorted(attempts),
        "times": rule.times,
    }


def fault_document(fault: Fault) -> Document:
    """Return a fault with its description."""
    return {
        "name": fault.name,
        "group": str(fault.group),
        "sentence": fault.sentence,
        "goodConsumer": fault.good_consumer,
        "expects": str(fault.expects),
        "actsOn": list(fault.acts_on),
        "needsSocket": fault.needs_socket,
        "attempts": list(fault.attempts),
    }
