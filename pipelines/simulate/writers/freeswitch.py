"""FreeSWITCH's mod_json_cdr: one JSON document a leg, variables URL-encoded, as posted to a collector that adds lines.

Belongs here: the caller's leg with mod_callcenter's variables, and the legs to agents. Does not belong here: when
things happen (voice.py).

The menu plays before the answer (pre_answer), so a caller who leaves it was never answered; who calls a closed centre
is refused with a temporary failure.
"""

from __future__ import annotations

import json
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.simulate.draws import BLOCK
from pipelines.simulate.journeys import Attempt, Journey, Visit
from pipelines.simulate.scenario_sections import Site
from pipelines.simulate.streams import Draws, stream
from pipelines.simulate.writers.files import LandingFiles
from pipelines.simulate.writers.local_stamps import LocalStamps

_CANCELS = {
    "abandoned": "BREAK_OUT", "timed_out": "TIMEOUT", "exited_empty": "NO_AGENT_TIMEOUT",
    "exited_by_key": "EXIT_WITH_KEY",
}  # fmt: skip
SOURCE = "freeswitch_cdr"


class Uuids:
    """Random uuids of version 4, in blocks.

    Args:
        seed: The root seed.
        name: The stream's name.
    """

    def __init__(self, seed: int, name: str) -> None:
        self._random = stream(seed, name)
        self._ready: list[str] = []

    def next(self) -> str:
        """One more."""
        if not self._ready:
            block = self._random.integers(0, 256, (BLOCK, 16), dtype=np.uint8)
            block[:, 6] = block[:, 6] & 0x0F | 0x40
            block[:, 8] = block[:, 8] & 0x3F | 0x80
            texts = block.tobytes().hex()
            whole = (texts[at : at + 32] for at in range(0, len(texts), 32))
            self._ready = [f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}" for t in whole]
        return self._ready.pop()


class FreeswitchSwitch:
    """One FreeSWITCH; it tells of a call when it is over.

    Args:
        site: Where it stands.
        seed: The root seed.
        files: Where its records go.
    """

    def __init__(self, site: Site, seed: int, files: LandingFiles) -> None:
        self.site = site
        self._files = files
        self._uuids = Uuids(seed, f"freeswitch/{site.name}")
        self._draw = Draws(seed, f"freeswitch/{site.name}")
        self._stamps = LocalStamps(ZoneInfo(site.timezone))
        self._core = self._uuids.next()

    def new_channel(self, at: int) -> str:
        """A leg's uuid."""
        return self._uuids.next()

    def refused(self, visit: Visit) -> None:
        """Nothing while the call lasts."""

    def entered(self, visit: Visit) -> None:
        """Nothing while the call lasts."""

    def missed(self, visit: Visit, attempt: Attempt, is_canceled: bool) -> None:
        """The leg that rang in vain gets its id."""
        attempt.channel_id = self._uuids.next()

    def connected(self, visit: Visit) -> None:
        """Nothing while the call lasts."""

    def left(self, visit: Visit) -> None:
        """Nothing while the call lasts."""

    def ended(self, journey: Journey) -> None:
        """The caller's leg, then those to agents."""
        visit = journey.visits[0] if journey.visits else None
        member = self._uuids.next()
        answered_at = visit.entered_at if visit else 0
        variables = {
            "direction": "inbound",
            "hold_accum_seconds": str(visit.hold_s if visit else 0),
            "hangup_cause": "NORMAL_TEMPORARY_FAILURE" if journey.note == "closed" else "NORMAL_CLEARING",
            "last_app": "callcenter" if visit else "playback",
            **(self._of_member(visit, member) if visit else {}),
        }
        if visit and visit.transfer_type:
            variables["transfer_history"] = (
                f"{visit.left_at}:{self._uuids.next()}:bl_xfer:{visit.transfer_to}/default/XML"
            )
        call = journey.call
        self._leg(
            call.contact_id, call.number, self.site.number, call.arrived_at, journey.fraction_us, answered_at,
            journey.ended_at, variables, None,
        )  # fmt: skip
        for attempt in visit.attempts if visit else ():
            self._agent_leg(journey, visit, member, attempt)

    def _of_member(self, visit: Visit, member: str) -> dict[str, str]:
        found = {
            "cc_side": "member", "cc_member_uuid": member, "cc_member_session_uuid": visit.call_id,
            "cc_queue": visit.queue, "cc_queue_joined_epoch": str(visit.entered_at),
        }  # fmt: skip
        if visit.agent is not None:
            times = {
                "cc_queue_answered_epoch": str(visit.answered_at),
                "cc_queue_terminated_epoch": str(visit.left_at),
            }
            return {**found, **times, "cc_agent": visit.agent.interface, "cc_cause": "answered"}
        reason = _CANCELS[visit.outcome]
        cancel = {"cc_queue_canceled_epoch": str(visit.left_at), "cc_cause": "cancel", "cc_cancel_reason": reason}
        return {**found, **cancel}

    def _agent_leg(self, journey: Journey, visit: Visit | None, member: str, attempt: Attempt) -> None:
        assert visit is not None
        end = visit.left_at if attempt.is_answered else attempt.ended_at
        cause = "NORMAL_CLEARING" if attempt.is_answered else "NO_ANSWER"
        variables = {
            "direction": "outbound", "hangup_cause": cause, "cc_side": "agent", "cc_agent": attempt.agent.interface,
            "cc_queue": visit.queue, "cc_member_uuid": member, "cc_member_session_uuid": visit.call_id,
        }  # fmt: skip
        self._leg(
            attempt.channel_id, journey.call.number, attempt.agent.interface.partition("@")[0], attempt.started_at, 0,
            attempt.ended_at if attempt.is_answered else 0, end, variables, visit.call_id,
        )  # fmt: skip

    def _leg(
        self, uuid: str, number: str, dialled: str, begin: int, fraction_us: int, answered_at: int, end: int,
        variables: dict[str, str], originator: str | None,
    ) -> None:  # fmt: skip
        stamps = self._stamps
        begin_us, answered_us, end_us = begin * 1_000_000 + fraction_us, answered_at * 1_000_000, end * 1_000_000
        values = {
            "uuid": uuid,
            **({"originator": originator} if originator else {}),
            "caller_id_number": number,
            "destination_number": dialled,
            "start_stamp": stamps.text(begin),
            "start_epoch": str(begin),
            "start_uepoch": str(begin_us),
            **({"answer_stamp": stamps.text(answered_at)} if answered_at else {}),
            "answer_epoch": str(answered_at),
            "answer_uepoch": str(answered_us),
            "end_stamp": stamps.text(end),
            "end_epoch": str(end),
            "end_uepoch": str(end_us),
            "duration": str(end - begin),
            "billsec": str(end - answered_at if answered_at else 0),
            **variables,
        }
        encoded = ",".join(f'"{name}":"{_encoded(value)}"' for name, value in values.items())
        kind = "outbound" if originator else "inbound"
        line = (
            f'{{"core-uuid":"{self._core}","switchname":"fs-{self.site.name}",'
            f'"channel_data":{{"state":"CS_REPORTING","direction":"{kind}","state_number":"11"}},'
            f'"variables":{{{encoded}}},'
            f'"callflow":[{{"dialplan":"XML","profile_index":"1","caller_profile":{{"username":"","dialplan":"XML",'
            f'"caller_id_name":{json.dumps(number)},"caller_id_number":{json.dumps(number)},'
            f'"destination_number":"{dialled}","uuid":"{uuid}","source":"mod_sofia","context":"public"}},'
            f'"times":{{"created_time":"{begin_us}","profile_created_time":"{begin_us}","answered_time":"{answered_us}",'
            f'"hangup_time":"{end_us}","transfer_time":"0"}}}}]}}\n'
        )
        self._files.add(SOURCE, "cdr-{month}.json", line)

    def new_fraction(self) -> int:
        """Microseconds of a call's begin beyond its second."""
        return self._draw.below(1_000_000)


def _encoded(value: str) -> str:
    """URL-encoded, as mod_json_cdr does by default; most values need nothing."""
    return value if value.isascii() and value.isalnum() else quote(value, safe="")
