"""A mod_xml_cdr document in the shape of the JSON one.

Belongs here: reading XML safely, and its elements as mappings. Does not belong here: what a value means
(freeswitch_json.py).
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

# mod_xml_cdr writes some 30 KB for a leg.
XML_BYTES_MAX = 16 << 20


class _NoDoctype(ElementTree.TreeBuilder):
    """A CDR has no document type; one could define entities that grow without end or point elsewhere."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("an XML document with a DOCTYPE is not read")


def read_xml(data: bytes | str) -> list[dict[str, Any]]:
    """The CDRs of a document: `<cdr>` itself, or each `<cdr>` within another root.

    Raises:
        ValueError: It is too large, not well-formed, has a DOCTYPE or no `<cdr>`.
    """
    if len(data) > XML_BYTES_MAX:
        raise ValueError(f"an XML document of more than {XML_BYTES_MAX:,} bytes")
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        parser.feed(data)
        root = parser.close()
    except ElementTree.ParseError as error:
        raise ValueError(f"not well-formed XML: {error}") from error
    cdrs = [root] if root.tag == "cdr" else root.findall("cdr")
    if not cdrs:
        raise ValueError(f"no <cdr> in the XML document, whose root is <{root.tag}>")
    return [_cdr(cdr) for cdr in cdrs]


def _cdr(cdr: ElementTree.Element) -> dict[str, Any]:
    found: dict[str, Any] = {"callflow": [_flow(flow) for flow in cdr.findall("callflow")]}
    variables = cdr.find("variables")
    if variables is not None:
        found["variables"] = _texts(variables)
    return found


def _flow(flow: ElementTree.Element) -> dict[str, Any]:
    profile, times = flow.find("caller_profile"), flow.find("times")
    read: dict[str, Any] = {"profile_index": flow.get("profile_index")}
    if profile is not None:
        read["caller_profile"] = _texts(profile)
        originator = profile.find("originator/originator_caller_profile")
        if originator is not None:
            read["caller_profile"]["originator"] = _texts(originator)
    if times is not None:
        read["times"] = _texts(times)
    return read


def _texts(element: ElementTree.Element) -> dict[str, Any]:
    return {child.tag: child.text for child in element if child.text and child.text.strip()}
