"""JUnit XML: a test case for each finding, and a passed one for each host or file for which nothing fails. Pure.

The case of a finding has a `file`, to which GitLab links. Not every schema has this attribute; programs that do not
know it ignore it.
"""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as Xml

from runnerops.patterns import late_pattern
from runnerops.report.formats.findings import Entry, Findings

_NOT_XML = late_pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(findings: Findings) -> str:
    """One suite. A finding that does not make `check` fail is a passed case, with its text as output."""
    root = Xml.Element("testsuites", name="runnerops check")
    suite = Xml.SubElement(root, "testsuite", name="runnerops check")
    names: Counter[str] = Counter()
    for name in findings.sound:
        _case(suite, "checked", name, names)
    for entry in findings.entries:
        _finding(suite, entry, names, fails=findings.fails(entry))
    for element in (root, suite):
        failures = sum(findings.fails(entry) for entry in findings.entries)
        counts = {"tests": len(suite), "failures": failures, "errors": 0}
        element.attrib |= {name: str(count) for name, count in counts.items()}
        element.set("time", "0")
    suite.set("skipped", str(sum(bool(entry.ignored) for entry in findings.entries)))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _case(suite: Xml.Element, group: str, name: str, names: Counter[str]) -> Xml.Element:
    """GitLab identifies a case by its names, and shows only one of two with the same names."""
    names[f"{group} {name}"] += 1
    count = names[f"{group} {name}"]
    unique_name = f"{name} ({count})" if count > 1 else name
    return Xml.SubElement(suite, "testcase", classname=_clean(group), name=_clean(unique_name), time="0")


def _finding(suite: Xml.Element, entry: Entry, names: Counter[str], *, fails: bool) -> None:
    case = _case(suite, entry.file, " ".join(filter(None, (entry.rule, entry.subject))), names)
    if entry.file != "-" and not entry.file.startswith(("/", "..")):  # otherwise the repository has no page for it
        case.set("file", _clean(entry.file))
    line = f"{entry.file}:{entry.line}:{entry.column}: {entry.text} [{entry.rule}]"
    text = f"{line}\nhint: {entry.fix}" if entry.fix else line
    if entry.ignored:
        Xml.SubElement(case, "skipped", message=_clean(f"ignored: {entry.ignored}"))
    elif fails:
        Xml.SubElement(case, "failure", message=_clean(entry.message), type=entry.severity).text = _clean(text)
    else:
        Xml.SubElement(case, "system-out").text = _clean(f"{entry.severity}: {text}")


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
