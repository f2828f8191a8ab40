import csv
import gzip
import hashlib
import importlib.util
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipelines.settings import load_settings

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample"
LANDING = SAMPLE / "landing"
SHARED = ROOT.parent / "shared" / "data" / "asterisk_live"
MADE = ["crm_customers/customers.csv", "crm_orders/orders.csv", "surveys/surveys.csv"]
RECORDED = {  # SHA-256 of the bytes that Asterisk wrote; of the CEL file, before it was compressed
    "asterisk_queue_log/queue_log": "3542c505522434487ccf5e074114e546ae8dec003d696cafb6c5943e2541eb22",
    "asterisk_queue_log/queue_log.0": "acbfb3d2413e195a7cf2360f4862268a53969fc7d7f3d29fc3dc16f0d34a14a5",
    "asterisk_cdr/Master.csv": "40cdac88574cc0d586f00647afef062364a2803d6196fa034eaa62c53873beb9",
    "asterisk_cel/Master_cel.csv.gz": "b518784909441b45a4cbcacc54fa53ce340e4ea6db10cde603541e37819d3b74",
}
DAY = timedelta(days=1)


def recorded_bytes(name: str) -> bytes:
    raw = (LANDING / name).read_bytes()
    return gzip.decompress(raw) if name.endswith(".gz") else raw


def rows(name: str) -> list[dict[str, str]]:
    with (LANDING / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_crm", SAMPLE / "make_crm.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_crm"] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def calls(script: ModuleType) -> dict[str, object]:
    return {call.callid: call for call in script.read_calls(LANDING / "asterisk_queue_log")}


@pytest.fixture(scope="module")
def customers() -> list[dict[str, str]]:
    return rows(MADE[0])


@pytest.fixture(scope="module")
def orders() -> list[dict[str, str]]:
    return rows(MADE[1])


@pytest.fixture(scope="module")
def surveys() -> list[dict[str, str]]:
    return rows(MADE[2])


# --- what Asterisk wrote


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_files_are_byte_for_byte_what_asterisk_wrote(name):
    assert hashlib.sha256(recorded_bytes(name)).hexdigest() == RECORDED[name]


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_files_equal_the_shared_originals(name):
    original = SHARED / Path(name).name.removesuffix(".gz")
    if not original.exists():
        pytest.skip(f"no original to compare with: {original}")
    assert recorded_bytes(name) == original.read_bytes()


def test_compressed_file_carries_no_time_and_no_name_of_its_making():
    flags, *moment = (LANDING / "asterisk_cel" / "Master_cel.csv.gz").read_bytes()[3:8]
    assert (flags, moment) == (0, [0, 0, 0, 0])


# --- the script


def test_script_makes_the_committed_bytes_again(script, tmp_path):
    script.make(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in MADE} == {
        name: (LANDING / name).read_bytes() for name in MADE
    }


def test_another_seed_makes_other_customers(script, monkeypatch):
    before = script.make_customer(5)
    monkeypatch.setattr(script, "SEED", script.SEED + 1)
    assert script.make_customer(5) != before


def test_script_reads_every_visit_that_ended(calls):
    outcomes = Counter(call.is_answered for call in calls.values())
    assert outcomes == {True: 251, False: 405 - 251}
    assert sum(call.is_transferred for call in calls.values()) == 34


# --- customers


def test_customers_are_the_callers(customers):
    assert {row["customer_id"] for row in customers} == {f"C{number:05d}" for number in range(600)}


def test_phone_numbers_belong_to_the_customer_and_to_nobody_else(customers):
    owners = defaultdict(set)
    for row in customers:
        for phone in filter(None, row["phone"].split(";")):
            digits = phone.replace(" ", "")[-9:]
            assert digits.endswith(row["customer_id"][-3:])
            owners[digits].add(row["customer_id"])
    assert all(len(who) == 1 for who in owners.values())


def test_phone_field_has_the_forms_people_type(customers):
    phones = [row["phone"] for row in customers]
    counts = [
        sum(phone.startswith("+44") for phone in phones),
        sum(phone.startswith("07") for phone in phones),
        sum(phone.startswith("0044") for phone in phones),
        sum(";" in phone for phone in phones),
        len({row["customer_id"] for row in customers if not row["phone"]}),
    ]
    assert min(counts) >= 10


def test_some_customers_have_a_history_whose_rows_differ(customers):
    versions = defaultdict(list)
    for row in customers:
        versions[row["customer_id"]].append(row)
    changed = [found for found in versions.values() if len(found) > 1]
    assert len(changed) >= 20
    for former, later in changed:
        assert at(former["updated_at"]) < at(later["updated_at"])
        assert {k: v for k, v in former.items() if k != "updated_at"} != {
            k: v for k, v in later.items() if k != "updated_at"
        }


def test_gates_and_languages_are_there_to_be_tested(customers):
    assert Counter(row["language"] for row in customers)["zh"] > 100
    for gate in ("marketing_opt_out", "profiling_objection"):
        values = Counter(row[gate] for row in customers)
        assert set(values) == {"true", "false"}
        assert values["true"] >= 15


# --- orders


def test_orders_are_two_years_of_valid_rows(orders, customers):
    known = {row["customer_id"] for row in customers}
    joined = {row["customer_id"]: date.fromisoformat(row["joined_at"]) for row in customers}
    moments = [at(row["ordered_at"]) for row in orders]
    assert 8_000 <= len(orders) <= 15_000
    assert moments == sorted(moments)
    assert moments[0] >= datetime(2024, 11, 22, tzinfo=UTC)
    assert moments[-1] < datetime(2026, 11, 23, tzinfo=UTC)
    assert len({row["order_id"] for row in orders}) == len(orders)
    for row, moment in zip(orders, moments, strict=True):
        assert row["customer_id"] in known
        assert moment.date() >= joined[row["customer_id"]]
        assert float(row["amount"]) > 0
        assert float(row["margin"]) < float(row["amount"])
        assert row["currency"] == "GBP"
        assert row["status"] in {"paid", "cancelled", "returned"}
        assert (float(row["margin"]) > 0) == (row["status"] == "paid")


def test_orders_that_name_a_call_follow_it_within_hours(orders, calls):
    named = [row for row in orders if row["contact_id"]]
    assert len(named) >= 20
    for row in named:
        assert timedelta(0) < at(row["ordered_at"]) - calls[row["contact_id"]].ended_at < timedelta(hours=2)
        assert row["customer_id"][-3:] == calls[row["contact_id"]].number[-3:]


def test_orders_of_the_last_morning_come_only_from_callers(orders, calls):
    callers = {f"C00{call.number[-3:]}" for call in calls.values()}
    last_day = [row for row in orders if at(row["ordered_at"]) >= datetime(2026, 11, 22, tzinfo=UTC)]
    assert {row["customer_id"] for row in last_day} <= callers
    assert any(not row["contact_id"] for row in last_day)


def test_few_customers_hold_most_of_the_spend(orders):
    spend: dict[str, float] = defaultdict(float)
    for row in orders:
        if row["status"] == "paid":
            spend[row["customer_id"]] += float(row["amount"])
    ranked = sorted(spend.values(), reverse=True)
    assert 0.6 < sum(ranked[: len(ranked) // 5]) / sum(ranked) < 0.9


def features(history: list[tuple[float, float, bool]], now: float) -> list[float]:
    days = np.array([day for day, _, _ in history])
    amounts = np.array([amount for _, amount, _ in history])
    recency, gaps = now - days[-1], np.diff(days[-8:])
    gap = gaps.mean() if len(gaps) else np.nan
    trend = amounts[-3:].mean() / amounts[:-3].mean() if len(amounts) > 4 else np.nan
    sent_back = np.mean([not is_paid for _, _, is_paid in history[-4:]])
    frequency = (days >= now - 365).sum()
    return [np.log1p(recency), np.log1p(frequency), gap, recency / gap, trend, sent_back, len(days)]


def churn_set(orders: list[dict[str, str]], cutoffs: list[datetime]) -> tuple[np.ndarray, np.ndarray]:
    histories = defaultdict(list)
    for row in orders:
        day = at(row["ordered_at"]).timestamp() / 86_400
        histories[row["customer_id"]].append((day, float(row["amount"]), row["status"] == "paid"))
    inputs, has_left = [], []
    for now in (cutoff.timestamp() / 86_400 for cutoff in cutoffs):
        for history in histories.values():
            before = [order for order in history if order[0] < now]
            if before and now - before[-1][0] <= 180:
                inputs.append(features(before, now))
                has_left.append(not any(now <= day < now + 90 for day, _, _ in history))
    return np.array(inputs), np.array(has_left)


def test_churn_is_learnable_and_better_than_from_recency_and_frequency_alone(orders):
    from lightgbm import LGBMClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    test_at = datetime(2026, 11, 22, tzinfo=UTC) - 90 * DAY
    # Every training label is mature before the test window begins.
    train, y = churn_set(orders, [test_at - (90 + 30 * step) * DAY for step in range(12)])
    test, y_test = churn_set(orders, [test_at])
    simple = LogisticRegression().fit(train[:, :2], y)
    booster = LGBMClassifier(
        n_estimators=150, learning_rate=0.04, num_leaves=8, min_child_samples=40, verbose=-1, n_jobs=1
    ).fit(train, y)
    simple_auc = roc_auc_score(y_test, simple.predict_proba(test[:, :2])[:, 1])
    auc = roc_auc_score(y_test, booster.predict_proba(test)[:, 1])
    assert 0.15 < y_test.mean() < 0.40
    assert 0.73 < simple_auc < 0.87
    assert simple_auc + 0.03 < auc < 0.95


# --- surveys


def test_surveys_follow_their_call_and_are_answered_after_they_are_sent(surveys, calls):
    assert len({row["survey_id"] for row in surveys}) == len(surveys)
    for row in surveys:
        call = calls[row["contact_id"]]
        assert call.ended_at < at(row["sent_at"])
        assert row["agent"] == call.agent
        assert not row["customer_id"] or row["customer_id"][-3:] == call.number[-3:]
        if row["answered_at"]:
            assert at(row["sent_at"]) < at(row["answered_at"]) < datetime(2026, 11, 23, tzinfo=UTC)


def test_scores_are_on_their_scale_and_only_where_answered(surveys):
    scales = {"csat": ("1", "5"), "nps": ("0", "10"), "ces": ("1", "7")}
    for row in surveys:
        assert (row["scale_min"], row["scale_max"]) == scales[row["kind"]]
        assert bool(row["score"]) == bool(row["answered_at"])
        assert not row["score"] or int(row["scale_min"]) <= int(row["score"]) <= int(row["scale_max"])
        assert not row["comment"] or row["answered_at"]
    answered = Counter(row["kind"] for row in surveys if row["answered_at"])
    assert answered["csat"] >= 100
    assert answered["nps"] >= 30
    assert Counter(bool(row["answered_at"]) for row in surveys)[False] > 100


def test_satisfaction_falls_with_waits_transfers_and_unanswered_calls(surveys, calls):
    scores = defaultdict(list)
    for row in surveys:
        if row["kind"] == "csat" and row["score"]:
            call = calls[row["contact_id"]]
            if not call.is_answered:
                group = "unanswered"
            elif call.is_transferred:
                group = "transferred"
            else:
                group = "waited" if call.wait_s > 15 else "quick"
            scores[group].append(int(row["score"]))
    mean = {group: np.mean(found) for group, found in scores.items()}
    assert mean["quick"] > mean["waited"] + 0.4
    assert mean["quick"] > mean["transferred"] + 0.4
    assert mean["waited"] > mean["unanswered"]


def test_comments_come_in_both_languages_without_digits(surveys):
    comments = [(row["language"], row["comment"]) for row in surveys if row["comment"]]
    assert min(Counter(language for language, _ in comments).values()) >= 10
    assert not any(character.isdigit() for _, text in comments for character in text)


# --- settings


def test_settings_of_the_demo_centre_load():
    settings = load_settings(SAMPLE)
    assert (settings.centre.timezone, settings.centre.currency) == ("Europe/London", "GBP")
    assert {target.queue for target in settings.targets} == {"*", "vip"}
    assert len(settings.actions) >= 3
    assert all(action.label.en and action.label.zh for action in settings.actions)
    assert settings.models.churn.horizon_days == 90
