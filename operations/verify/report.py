"""Checks as JUnit XML, which CI systems show in their test reports."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from operations.verify.checks import Check


def junit_xml(suite: str, checks: Sequence[Check], seconds: float) -> str:
    """One suite with a test case a check; what could not be told is skipped.

    Args:
        suite: Name of the suite.
        checks: The checks.
        seconds: How long they took together.
    """
    counts = {
        "tests": len(checks),
        "failures": sum(check.ok is False for check in checks),
        "skipped": sum(check.ok is None for check in checks),
    }
    root = ET.Element("testsuite", {"name": suite, "time": f"{seconds:.1f}", "errors": "0", **_texts(counts)})
    for check in checks:
        case = ET.SubElement(root, "testcase", {"classname": suite, "name": check.name})
        if check.ok is False:
            ET.SubElement(case, "failure", {"message": check.detail})
        elif check.ok is None:
            ET.SubElement(case, "skipped", {"message": check.detail})
        else:
            ET.SubElement(case, "system-out").text = check.detail
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _texts(counts: dict[str, int]) -> dict[str, str]:
    return {name: str(count) for name, count in counts.items()}
