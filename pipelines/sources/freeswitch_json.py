"""FreeSWITCH records as mappings: mod_json_cdr documents and mod_callcenter events.

Belongs here: which value of a CDR or event becomes which column, URL-encoding, the several spellings of a time.
Does not belong here: files, lines, XML and CSV (freeswitch_cdr.py, freeswitch_xml.py, freeswitch_csv.py), which records
make one call (sql/staging).
Source: signalwire/freeswitch mod_json_cdr.c, mod_xml_cdr.c (the same content), mod_callcenter.c, switch_ivr.c.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from pipelines.sources.freeswitch_values import Variables, instant, text_of, whole_number

Record = dict[str, object]

VISIT_ACTIONS = (
    "member-queue-start", "member-queue-resume", "member-queue-end", "agent-offering", "bridge-agent-start",
    "bridge-agent-end", "bridge-agent-fail",
)  # fmt: skip
# They speak of agents, queues and settings, not of a member's visit.
OTHER_ACTIONS = (
    "agent-status-change", "agent-state-change", "agent-contact-change", "agent-add", "agent-max-no-answer",
    "members-count",
)  # fmt: skip
CANCEL_REASONS = ("NONE", "TIMEOUT", "NO_AGENT_TIMEOUT", "BREAK_OUT", "EXIT_WITH_KEY")

# epoch:uuid:kind:destination; of the dialplan's own transfers only the time tells that they are not an agent's.
_TRANSFER = re.compile(r"(\d{9,11}):[^:|]*:(bl_xfer|att_xfer):([^|]*)")


class Ignored(Exception):
    """A record that is left out on purpose; its text is the reason it is counted under."""


def read_mapping(found: object, layout: str = "json") -> Record:
    """The row of one record.

    Raises:
        ValueError: It cannot be used; the text says why.
        Ignored: It is no record of a call.
    """
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    if isinstance(found.get("variables"), dict):
        return _cdr(found, layout)
    if "CC-Action" in found:
        return _event(found)
    if "Event-Name" in found:
        raise Ignored("not a callcenter event")
    raise ValueError("neither a CDR (no variables) nor a callcenter event (no CC-Action)")


def _cdr(found: Mapping[str, Any], layout: str) -> Record:
    variables = Variables(found["variables"])
    flows = [flow for flow in _listed(found.get("callflow")) if isinstance(flow, dict)]
    profile = _first_profile(flows)
    uuid = variables.get("uuid") or text_of(profile.get("uuid"))
    if not uuid:
        raise ValueError("variables.uuid is missing")
    started_at = variables.time("start") or _flow_time(flows, "created_time", min)
    start_local = variables.stamp("start_stamp") if started_at is None else None
    if started_at is None and start_local is None:
        raise ValueError("no start: neither start_epoch nor start_uepoch nor created_time nor start_stamp")
    originator = variables.get("originator") or variables.get("originating_leg_uuid") or _originator(profile)
    return {
        "record": "cdr",
        "layout": layout,
        "event_at": started_at,
        "start_local": start_local,
        "answered_at": variables.time("answer") or _flow_time(flows, "answered_time", max),
        "answer_local": variables.stamp("answer_stamp") if started_at is None else None,
        "bridged_at": variables.time("bridge") or _flow_time(flows, "bridged_time", max),
        "ended_at": variables.time("end") or _flow_time(flows, "hangup_time", max),
        "duration_s": variables.seconds("duration"),
        "billsec_s": variables.seconds("billsec"),
        "hold_s": _hold(variables, flows),
        "uuid": uuid,
        "originator_uuid": originator if originator != uuid else None,
        "direction": _direction(variables, originator),
        "caller_number": text_of(profile.get("caller_id_number")) or variables.get("caller_id_number"),
        "dialled_number": text_of(profile.get("destination_number")) or variables.get("destination_number"),
        "hangup_cause": variables.get("hangup_cause"),
        "last_app": variables.get("last_app"),
        **_callcenter(variables),
        **_transfer(variables),
    }


def _callcenter(variables: Variables) -> Record:
    side, cause = variables.get("cc_side"), variables.get("cc_cause")
    if side not in (None, "member", "agent"):
        raise ValueError(f"cc_side is neither member nor agent: {side}")
    if cause not in (None, "answered", "cancel"):
        raise ValueError(f"cc_cause is neither answered nor cancel: {cause}")
    return {
        "side": side,
        "queue": variables.get("cc_queue"),
        "agent": variables.get("cc_agent"),
        "member_uuid": variables.get("cc_member_uuid"),
        "member_session_uuid": variables.get("cc_member_session_uuid"),
        "joined_at": variables.second("cc_queue_joined_epoch"),
        "queue_answered_at": variables.second("cc_queue_answered_epoch"),
        "terminated_at": variables.second("cc_queue_terminated_epoch"),
        "canceled_at": variables.second("cc_queue_canceled_epoch"),
        "cause": cause,
        "cancel_reason": _cancel_reason(variables.get("cc_cancel_reason")),
    }


def _event(found: Mapping[str, Any]) -> Record:
    # An event serialised for the wire is URL-encoded, one serialised for JSON is not; the subclass always has colons.
    is_encoded = "%3A%3A" in str(found.get("Event-Subclass", ""))
    texts = {str(name): text_of(value) for name, value in found.items()}
    values = {name: unquote(text) if is_encoded else text for name, text in texts.items() if text}
    action = values.get("CC-Action", "")
    if action in OTHER_ACTIONS or (action.startswith("agent-") and action.endswith("-get")):
        raise Ignored(action)
    if action not in VISIT_ACTIONS:
        raise ValueError(f"unknown CC-Action: {action}")
    session = values.get("CC-Member-Session-UUID")
    if not session:
        raise ValueError("CC-Member-Session-UUID is missing")
    cause = values.get("CC-Cause")
    if cause not in (None, "Terminated", "Cancel"):
        raise ValueError(f"CC-Cause is neither Terminated nor Cancel: {cause}")

    def at(header: str) -> datetime | None:
        return instant(values.get(header), "s", header)

    event_at = instant(values.get("Event-Date-Timestamp"), "us", "Event-Date-Timestamp")
    event_at = event_at or at(_OWN_TIME.get(action, "CC-Agent-Called-Time"))
    if event_at is None:
        raise ValueError("no time: neither Event-Date-Timestamp nor the action's own")
    is_end = action == "member-queue-end"
    return {
        "record": "event",
        "layout": "event",
        "action": action,
        "event_at": event_at,
        "side": "member",
        "queue": values.get("CC-Queue"),
        "agent": values.get("CC-Agent"),
        "member_uuid": values.get("CC-Member-UUID"),
        "member_session_uuid": session,
        "caller_number": values.get("CC-Member-CID-Number"),
        "dialled_number": values.get("CC-Member-DNIS"),
        "joined_at": at("CC-Member-Joined-Time"),
        "called_at": at("CC-Agent-Called-Time"),
        "queue_answered_at": at("CC-Agent-Answered-Time"),
        "terminated_at": at("CC-Bridge-Terminated-Time"),
        "left_at": at("CC-Member-Leaving-Time") or (event_at if is_end else None),
        "cause": cause.lower() if cause else None,
        "cancel_reason": _cancel_reason(values.get("CC-Cancel-Reason")),
        "hangup_cause": values.get("CC-Hangup-Cause"),
    }


_OWN_TIME = {
    "member-queue-start": "CC-Member-Joined-Time",
    "member-queue-resume": "CC-Member-Joined-Time",
    "member-queue-end": "CC-Member-Leaving-Time",
    "bridge-agent-start": "CC-Agent-Answered-Time",
    "bridge-agent-end": "CC-Bridge-Terminated-Time",
    "bridge-agent-fail": "CC-Agent-Aborted-Time",
}


def _cancel_reason(reason: str | None) -> str | None:
    if reason is not None and reason not in CANCEL_REASONS:
        raise ValueError(f"unknown cancel reason: {reason}")
    return reason


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _flow_time(flows: list[dict[str, Any]], name: str, pick: Any) -> datetime | None:
    """A time of the caller profiles, each of which repeats the channel's times up to its own end."""
    times = [
        instant(text_of(flow["times"].get(name)), "us", name) for flow in flows if isinstance(flow.get("times"), dict)
    ]
    known = [time for time in times if time is not None]
    return pick(known) if known else None


def _hold(variables: Variables, flows: list[dict[str, Any]]) -> float | None:
    """Time on hold, by the finest of its spellings."""
    for name, per_second in (("hold_accum_usec", 1e6), ("hold_accum_ms", 1e3), ("hold_accum_seconds", 1.0)):
        found = variables.get(name)
        if found is not None:
            return whole_number(found, name) / per_second
    holds = [text_of(flow["times"].get("hold_accum_time")) for flow in flows if isinstance(flow.get("times"), dict)]
    return max((whole_number(text, "hold_accum_time") / 1e6 for text in holds if text), default=None)


def _first_profile(flows: list[dict[str, Any]]) -> dict[str, Any]:
    """The caller as he came, before transfers gave him another destination: the profile of the lowest index."""

    def index(flow: dict[str, Any]) -> int:
        found = text_of(flow.get("profile_index")) or ""
        return int(found) if re.fullmatch(r"\d{1,9}", found, re.ASCII) else 0

    profile = min(flows, key=index).get("caller_profile") if flows else None
    return profile if isinstance(profile, dict) else {}


def _originator(profile: Mapping[str, Any]) -> str | None:
    """The a-leg's uuid, on a b-leg: `originator` holds its caller profile, or a list of them."""
    originator = profile.get("originator")
    if not isinstance(originator, dict):
        return None
    inner = [item for value in originator.values() for item in _listed(value) if isinstance(item, dict)]
    return next((uuid for item in [originator, *inner] if (uuid := text_of(item.get("uuid")))), None)


def _direction(variables: Variables, originator: str | None) -> str | None:
    """The call's direction; a b-leg's own is always outbound and says nothing of the call."""
    for name in ("call_direction", *(("direction",) if originator is None else ())):
        found = variables.get(name)
        if found in ("inbound", "outbound"):
            return found
    return None


def _transfer(variables: Variables) -> Record:
    """The last transfer; whether it was an agent's, its time tells beside that of the answer."""
    found = _TRANSFER.findall(variables.get("transfer_history") or variables.get("transfer_source") or "")
    if not found:
        return {}
    epoch, kind, target = max(found, key=lambda transfer: int(transfer[0]))
    return {
        "transferred_at": instant(epoch, "s", "transfer_history"),
        "transfer_type": "blind" if kind == "bl_xfer" else "attended",
        "transferred_to": re.split(r"[/@]", target)[0] or None,
    }
