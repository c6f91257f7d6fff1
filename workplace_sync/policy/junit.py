"""The results of cases as JUnit XML, which build servers show."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from itertools import groupby

from workplace_sync.policy.testing import Result, Status

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Iterable[Result], told: Sequence[str]) -> str:
    """Return the XML text: a suite for each policy. `told` are the lines about each failure, in the order of results."""
    ordered = list(results)
    failures = iter(told)
    root = ET.Element("testsuites", _counts("policies", ordered))
    for policy, group in groupby(ordered, key=lambda result: result.policy):
        cases = list(group)
        suite = ET.SubElement(root, "testsuite", _counts(policy, cases))
        for result in cases:
            case = ET.SubElement(suite, "testcase", classname=_clean(policy), name=_clean(result.case))
            if result.status is Status.SKIP:
                ET.SubElement(case, "skipped", message=_clean(result.skipped))
            elif result.status is Status.FAIL:
                ET.SubElement(case, "failure", message="came out otherwise").text = _clean(next(failures))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _counts(name: str, results: Sequence[Result]) -> dict[str, str]:
    states = [result.status for result in results]
    counts = {"tests": len(states), "failures": states.count(Status.FAIL), "skipped": states.count(Status.SKIP)}
    return {"name": _clean(name)} | {key: str(number) for key, number in counts.items()}


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
