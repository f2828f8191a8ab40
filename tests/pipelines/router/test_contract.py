import json
from dataclasses import replace
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from pipelines.router.contract import DefaultTreatment, Score, answer, default_score

TREATMENT = DefaultTreatment(tier="D", priority=5, head_start_s=1.5, queue="general")
RECORD = {
    "tier": "A", "priority": 80, "head_start_s": 120.0, "queue": "vip", "action": "retention_offer",
    "propensity": 0.9, "arm": "policy", "reasons": ["high value", "contract ends soon"],
    "scored_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-02T12:00:00Z", "source": "scored",
}  # fmt: skip
FIELDS = [
    "customer_key", "tier", "priority", "head_start_s", "queue", "action", "propensity", "arm", "reasons", "scored_at",
    "expires_at", "version", "source",
]  # fmt: skip


def answered(now: str = "2026-01-01T06:00:00Z", **changes: object) -> Score:
    return answer("key", {**RECORD, **changes}, version="v1", treatment=TREATMENT, now=now)


def test_a_valid_score_is_told_as_it_was_published() -> None:
    found = answered().as_dict()
    assert list(found) == FIELDS
    assert found == {**RECORD, "customer_key": "key", "version": "v1"}


def test_an_unknown_caller_gets_the_default_treatment() -> None:
    found = default_score(TREATMENT, version="v1").as_dict()
    assert list(found) == FIELDS
    assert (found["tier"], found["priority"], found["head_start_s"], found["queue"]) == ("D", 5, 1.5, "general")
    assert (found["source"], found["customer_key"], found["arm"], found["reasons"]) == ("default", None, None, [])


def test_a_score_expires_at_the_second_it_says() -> None:
    assert answered(now="2026-01-02T11:59:59Z").source == "scored"
    found = answered(now="2026-01-02T12:00:00Z")
    assert (found.source, found.priority, found.tier, found.action, found.arm) == ("stale", 5, "D", None, None)
    assert (found.customer_key, found.expires_at) == ("key", "2026-01-02T12:00:00Z")


def test_a_hold_out_customer_is_marked_and_treated_by_default() -> None:
    found = answered(arm="holdout")
    assert (found.arm, found.source, found.propensity) == ("holdout", "scored", 0.9)
    assert found == replace(
        answered(), arm="holdout", tier="D", priority=5, head_start_s=1.5, queue="general", action=None, reasons=()
    )


def test_at_most_three_reasons_are_told() -> None:
    assert answered(reasons=["a", "b", "c", "d"]).reasons == ("a", "b", "c")


def test_a_form_has_no_plus_signs_no_nulls_and_whole_numbers_without_a_point() -> None:
    form = answered(queue=None, reasons=["a b", "c&d"]).as_form().decode()
    assert "+" not in form
    pairs = dict(parse_qsl(form, keep_blank_values=True, strict_parsing=True))
    assert list(pairs) == FIELDS
    assert (pairs["queue"], pairs["head_start_s"], pairs["propensity"]) == ("", "120", "0.9")
    assert pairs["reasons"] == "a b,c&d"


@given(st.text(max_size=20), st.floats(0, 1e6), st.lists(st.text(min_size=1, max_size=9), max_size=3))
def test_both_encodings_say_the_same(queue: str, head_start_s: float, reasons: list[str]) -> None:
    found = answered(queue=queue, head_start_s=head_start_s, reasons=reasons)
    told = json.loads(found.as_json())
    pairs = dict(parse_qsl(found.as_form().decode(), keep_blank_values=True))
    assert told == found.as_dict()
    assert pairs["queue"] == queue
    assert float(pairs["head_start_s"]) == told["head_start_s"]
    assert pairs["reasons"] == ",".join(reasons)


def test_the_default_treatment_comes_from_the_settings() -> None:
    class Router:
        default_priority = 7
        default_head_start_s = 3.0
        default_queue = "general"

    assert DefaultTreatment.from_settings(Router()) == DefaultTreatment(priority=7, head_start_s=3.0, queue="general")
