"""Make the sample's CRM exports: customers, two years of orders, surveys.

Belongs here: how the made-up customers, their purchases and their answers come about, and the three CSV
files that result. Does not belong here: anything about calls. Those are real log lines, and the only thing
read from them is `landing/asterisk_queue_log/` (who called, how long they waited, what became of them); the
files that say what was meant to happen to each call are never looked at.

Run `python data/sample/make_crm.py [--out FOLDER]`. Only the standard library is used, and only random
streams that Python keeps stable, so the same seed gives the same bytes.

Buyers follow BG/NBD (Fader, Hardie and Lee 2005): each has a purchase rate of their own, drawn from a gamma
distribution, and leaves after each order with a probability of their own, drawn from a beta distribution.
Spend follows gamma-gamma. Three things go beyond it, so that recency and frequency alone do not tell all:
many buyers keep a rhythm, those about to leave spend less and later, and they send more back.
"""

from __future__ import annotations

import argparse
import csv
import math
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
LANDING = HERE / "landing"
WORDS = tomllib.loads((HERE / "crm_words.toml").read_text(encoding="utf-8"))

SEED = 4  # any number would do; with this one C00037, whom examples ask for, has a history
CUSTOMER_COUNT = 600  # the callers' numbers run from +447946000000 to +447946000599
EXPORTED_AT = datetime(2026, 11, 22, 6, tzinfo=UTC)  # nothing in the files is later than this
ORDERS_FROM = datetime(2024, 11, 22, tzinfo=UTC)
ORDERS_UNTIL = datetime(2026, 11, 22, tzinfo=UTC)  # orders on that day itself come only from its calls
JOINED_FROM = ORDERS_FROM - timedelta(days=360)

RATE_SHAPE = 1.5
RATE_PER_DAY = 0.055  # mean over consumers: an order in eighteen days
LEAVE_BETA = (0.8, 13.0)  # chance of leaving after an order: 6 % on average, very uneven
REGULAR_SHARE = 0.55  # buyers whose gaps are even (gamma of shape 4); the rest buy at random (shape 1)
FADING_SPEND = (0.40, 0.55, 0.70, 0.85)  # last order of a leaver, the one before it, ...
FADING_GAP = (1.7, 1.45, 1.25, 1.1)

SEGMENTS = {  # share, purchase rate, leaving, mean order in GBP, margin rate
    "consumer": (0.72, 1.0, 1.0, 46.0, 0.30),
    "small_business": (0.20, 1.3, 0.8, 120.0, 0.26),
    "business": (0.08, 1.6, 0.6, 310.0, 0.22),
}
SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
SENT_SHARE = {"csat": 0.90, "nps": 0.45, "ces": 0.20}  # of answered contacts; others get 0.45 of it
ANSWERED_SHARE = {"csat": 0.55, "nps": 0.50, "ces": 0.45}

CUSTOMER_COLUMNS = (
    "customer_id", "name", "phone", "email", "segment", "region", "language", "joined_at", "birth_year",
    "marketing_opt_out", "profiling_objection", "updated_at",
)  # fmt: skip
ORDER_COLUMNS = (
    "order_id", "customer_id", "ordered_at", "amount", "currency", "margin", "channel", "contact_id",
    "campaign_id", "status",
)  # fmt: skip
SURVEY_COLUMNS = (
    "survey_id", "customer_id", "contact_id", "sent_at", "answered_at", "kind", "score", "scale_min",
    "scale_max", "comment", "language", "agent",
)  # fmt: skip
ENDINGS = {
    "ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY", "COMPLETEAGENT", "COMPLETECALLER",
    "BLINDTRANSFER", "ATTENDEDTRANSFER",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One caller's visit to a queue, as the queue log tells it."""

    callid: str
    number: str
    wait_s: int
    agent: str
    is_answered: bool
    is_transferred: bool
    ended_at: datetime


@dataclass(frozen=True)
class Customer:
    """One version of a customer, as the CRM exports it."""

    customer_id: str
    name: str
    phone: str
    email: str
    segment: str
    region: str
    language: str
    joined_at: datetime
    birth_year: str
    marketing_opt_out: bool
    profiling_objection: bool
    updated_at: datetime

    def row(self) -> list[str]:
        """The line of customers.csv; a joining date has no time of day."""
        flags = [str(self.marketing_opt_out).lower(), str(self.profiling_objection).lower()]
        person = [self.customer_id, self.name, self.phone, self.email]
        groups = [self.segment, self.region, self.language]
        return [
            *person,
            *groups,
            f"{self.joined_at:%Y-%m-%d}",
            self.birth_year,
            *flags,
            stamp(self.updated_at),
        ]


@dataclass(frozen=True)
class Order:
    """One order, before it has a number."""

    ordered_at: datetime
    customer_id: str
    amount: float
    margin: float
    channel: str
    contact_id: str
    campaign_id: str
    status: str


def stamp(instant: datetime) -> str:
    """An instant as ISO 8601 in UTC, to the second."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def stream(*names: object) -> Random:
    """A random stream of its own for each use: a change in one table leaves the others as they are."""
    return Random(":".join(str(name) for name in (SEED, *names)))


def weighted(rng: Random, shares: dict[str, float]) -> str:
    """One key, drawn by its share."""
    return rng.choices(list(shares), weights=list(shares.values()))[0]


# --- customers ---------------------------------------------------------------------------------------------


def phones(number: int, rng: Random) -> str:
    """The phone field: the caller's number in one of the forms people type, sometimes with a second one."""
    if number % 50 == 13:
        return ""  # the CRM knows no number: these callers stay unknown
    national = f"7946{number:06d}"
    spaced = f"0{national[:4]} {national[4:7]} {national[7:]}"
    forms = [f"+44{national}", f"0{national}", f"0044{national}", spaced]
    first = rng.choices(forms, weights=[70, 15, 8, 7])[0]
    if rng.random() > 0.15:
        return first
    return f"{first};+447700900{number:03d}"  # 07700 900000 to 900999 is kept free for fiction


def person(language: str, rng: Random) -> str:
    """A made-up name, family name first in Chinese."""
    words = WORDS["names"][language]
    given, family = rng.choice(words["given"]), rng.choice(words["family"])
    return f"{family}{given}" if language == "zh" else f"{given} {family}"


def make_customer(number: int) -> Customer:
    """The first version of one customer."""
    rng = stream("customer", number)
    language = weighted(rng, {"en": 0.75, "zh": 0.25})
    joined_at = JOINED_FROM + (ORDERS_UNTIL - timedelta(days=20) - JOINED_FROM) * rng.random()
    customer_id = f"C{number:05d}"
    return Customer(
        customer_id=customer_id,
        name=person(language, rng),
        phone=phones(number, rng),
        email=f"{customer_id.lower()}@example.com" if rng.random() < 0.7 else "",
        segment=weighted(rng, {name: facts[0] for name, facts in SEGMENTS.items()}),
        region=rng.choice(WORDS["regions"]),
        language=language,
        joined_at=joined_at,
        birth_year=str(rng.randint(1942, 2005)) if rng.random() < 0.8 else "",
        marketing_opt_out=rng.random() < 0.12,
        profiling_objection=rng.random() < 0.04,
        updated_at=joined_at + timedelta(minutes=rng.randint(1, 90)),
    )


def versions(customer: Customer) -> list[Customer]:
    """The customer's rows: one in sixteen moved house or changed their mind on marketing, and has two."""
    rng = stream("version", customer.customer_id)
    if rng.random() > 1 / 16:
        return [customer]
    changed_at = customer.updated_at + (ORDERS_UNTIL - customer.updated_at) * rng.uniform(0.2, 0.9)
    if rng.random() < 0.5:
        region = rng.choice([name for name in WORDS["regions"] if name != customer.region])
        return [customer, replace(customer, region=region, updated_at=changed_at)]
    opt_out = not customer.marketing_opt_out
    return [customer, replace(customer, marketing_opt_out=opt_out, updated_at=changed_at)]


# --- orders ------------------------------------------------------------------------------------------------


def order_count_before_leaving(chance: float, rng: Random) -> int:
    """Geometric: how many orders a buyer places who leaves after each with this chance (at least one)."""
    return 1 + int(math.log(1.0 - rng.random()) / math.log(1.0 - chance))


def purchases(customer: Customer) -> list[tuple[datetime, int]]:
    """When a customer buys, from joining to the export, and how many orders were still to come each time."""
    rng = stream("purchases", customer.customer_id)
    _, rate_factor, leave_factor, _, _ = SEGMENTS[customer.segment]
    rate = max(rng.gammavariate(RATE_SHAPE, RATE_PER_DAY * rate_factor / RATE_SHAPE), 1 / 150)
    chance = min(max(rng.betavariate(*LEAVE_BETA) * leave_factor, 0.004), 0.6)
    evenness = 4.0 if rng.random() < REGULAR_SHARE else 1.0
    total = order_count_before_leaving(chance, rng)
    bought_at, times = customer.joined_at, []
    for done in range(total):
        left_count = total - 1 - done
        stretch = FADING_GAP[left_count] if left_count < min(len(FADING_GAP), total - 1) else 1.0
        gap_days = rng.gammavariate(evenness, 1 / (evenness * rate)) * stretch if done else rng.random()
        bought_at += timedelta(days=gap_days)
        if bought_at >= ORDERS_UNTIL:
            break
        times.append((bought_at, left_count))
    return times


def is_still_buying(customer: Customer) -> bool:
    """Whether the customer had not left by the export: their last order so far is not their last."""
    times = purchases(customer)
    return bool(times) and times[-1][1] > 0


def in_opening_hours(bought_at: datetime, rng: Random) -> datetime:
    """The same day between 07:00 and 22:00."""
    opens_at = bought_at.replace(hour=7, minute=0, second=0, microsecond=0)
    return opens_at + timedelta(seconds=rng.randrange(54_000))


def status_and_margin(rng: Random, margin: float, is_fading: bool) -> tuple[str, float]:
    """What became of an order; a return costs its handling."""
    returned, cancelled = (0.24, 0.08) if is_fading else (0.05, 0.02)
    draw = rng.random()
    if draw < returned:
        return "returned", -3.5
    return ("cancelled", 0.0) if draw < returned + cancelled else ("paid", margin)


def make_orders(customer: Customer) -> list[Order]:
    """A customer's orders of the two years, calls of the last morning apart."""
    rng = stream("orders", customer.customer_id)
    _, _, _, mean_amount, margin_rate = SEGMENTS[customer.segment]
    own_mean = mean_amount / rng.gammavariate(4.0, 1 / 3.0)  # gamma-gamma: the scale of one's spend is gamma
    favourite = weighted(rng, {"web": 0.55, "app": 0.30, "voice": 0.15})
    orders = []
    for bought_at, left_count in purchases(customer):
        is_fading = left_count < len(FADING_SPEND)
        amount = max(own_mean * rng.gammavariate(4.0, 1 / 4.0), 3.0)
        amount *= FADING_SPEND[left_count] if is_fading else 1.0
        status, margin = status_and_margin(rng, amount * margin_rate * rng.uniform(0.8, 1.2), is_fading)
        channel = favourite if rng.random() < 0.8 else rng.choice(["web", "app", "voice"])
        campaign_id = f"{bought_at:%Y}-{rng.choice(['spring', 'autumn'])}" if rng.random() < 0.05 else ""
        ordered_at = in_opening_hours(bought_at, rng)
        if ordered_at >= ORDERS_FROM:
            orders.append(Order(ordered_at, customer.customer_id, amount, margin, channel, "", campaign_id, status))
    return orders


def order_after_call(call: Call, customer: Customer) -> list[Order]:
    """The order that followed a call within two hours, if one did; agents note the call on three in four."""
    rng = stream("after_call", call.callid)
    chance = 0.06 + 0.28 * call.is_answered if is_still_buying(customer) else 0.03 * call.is_answered
    if rng.random() > chance:
        return []
    _, _, _, mean_amount, margin_rate = SEGMENTS[customer.segment]
    amount = max(mean_amount * rng.gammavariate(3.0, 1 / 3.0), 3.0)
    is_noted = call.is_answered and rng.random() < 0.75
    ordered_at = call.ended_at + timedelta(seconds=rng.randint(60, 6_000))
    contact_id, channel = (call.callid, "voice") if is_noted else ("", "web")
    margin = amount * margin_rate
    return [Order(ordered_at, customer.customer_id, amount, margin, channel, contact_id, "", "paid")]


# --- surveys -----------------------------------------------------------------------------------------------


def satisfaction(call: Call, rng: Random) -> float:
    """How content a caller is, 0 to 1: each second of waiting costs less than the last, a transfer a lump."""
    patience_used = math.log1p(call.wait_s / 4)
    level = 0.98 - 0.14 * patience_used - 0.20 * call.is_transferred if call.is_answered else 0.36
    return min(max(level + rng.gauss(0.0, 0.17), 0.0), 1.0)


def comment(call: Call, content: float, language: str, rng: Random) -> str:
    """What the caller wrote, mostly nothing; the complaint is about what really happened."""
    if rng.random() > 0.45:
        return ""
    cause = "transferred" if call.is_transferred else "waited" if call.wait_s > 15 else "fair"
    cause = cause if call.is_answered else "unanswered"
    return str(rng.choice(WORDS["comments"][language]["good" if content > 0.75 else cause]))


def make_surveys(call: Call, customer: Customer | None) -> list[list[str]]:
    """The surveys sent after one call, answered or not, without their numbers."""
    rng = stream("survey", call.callid)
    content = satisfaction(call, rng)
    language = customer.language if customer else "en"
    head = [customer.customer_id if customer else "", call.callid]
    rows = []
    for kind, (low, high) in SCALES.items():
        if rng.random() > SENT_SHARE[kind] * (1.0 if call.is_answered else 0.45):
            continue
        sent_at = call.ended_at + timedelta(seconds=rng.randint(120, 900))
        tail = [str(low), str(high), "", language, call.agent]
        answer = ["", kind, ""]
        if rng.random() < ANSWERED_SHARE[kind]:
            answered_at = sent_at + timedelta(seconds=rng.randint(30, 4_800))
            score = round(low + (high - low) * min(max(content + rng.gauss(0, 0.06), 0.0), 1.0))
            answer = [stamp(answered_at), kind, str(score)]
            tail[2] = comment(call, content, language, rng)
        rows.append([*head, stamp(sent_at), *answer, *tail])
    return rows


# --- the log and the files ---------------------------------------------------------------------------------


def read_calls(folder: Path) -> list[Call]:
    """The visits that ended in the queue log, in order of their end (queue_log.0 is the older file)."""
    calls, numbers, waits, agents = [], {}, {}, {}
    for name in ("queue_log.0", "queue_log"):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            epoch, callid, _, agent, event, *data = line.split("|")
            if event == "ENTERQUEUE":
                numbers[callid] = data[1]
            elif event == "CONNECT":
                waits[callid], agents[callid] = int(data[0]), agent
            elif event in ENDINGS:
                is_answered = callid in agents
                wait_s = waits[callid] if is_answered else int(data[-1])
                ended_at = datetime.fromtimestamp(int(epoch), UTC)
                transferred, agent = event.endswith("TRANSFER"), agents.get(callid, "")
                calls.append(Call(callid, numbers[callid], wait_s, agent, is_answered, transferred, ended_at))
    return calls


def caller(call: Call, customers: Sequence[Customer]) -> Customer | None:
    """The customer who called, if the CRM has a number to tell by."""
    digits = call.number[-9:]
    if not digits.startswith("946000"):
        return None
    customer = customers[int(digits[-3:])]
    return customer if customer.phone else None


def order_rows(orders: Iterable[Order]) -> list[list[str]]:
    """The lines of orders.csv, numbered in order of time."""
    rows = []
    for number, order in enumerate(sorted(orders, key=lambda o: (o.ordered_at, o.customer_id)), start=1):
        money = [f"{order.amount:.2f}", "GBP", f"{order.margin:.2f}"]
        texts = [order.channel, order.contact_id, order.campaign_id, order.status]
        rows.append([f"O{number:06d}", order.customer_id, stamp(order.ordered_at), *money, *texts])
    return rows


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One CSV file with a header, UTF-8, lines ending in a bare newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def make(out: Path) -> None:
    """Write the three exports under `out`, in the folders of a home's landing."""
    customers = [make_customer(number) for number in range(CUSTOMER_COUNT)]
    calls = [(call, caller(call, customers)) for call in read_calls(LANDING / "asterisk_queue_log")]
    orders = [order for customer in customers for order in make_orders(customer)]
    orders += [order for call, who in calls if who for order in order_after_call(call, who)]
    surveys = [row for call, who in calls for row in make_surveys(call, who)]
    numbered = [[f"S{number:05d}", *row] for number, row in enumerate(surveys, start=1)]
    profiles = [version.row() for customer in customers for version in versions(customer)]
    write_csv(out / "crm_customers" / "customers.csv", CUSTOMER_COLUMNS, profiles)
    write_csv(out / "crm_orders" / "orders.csv", ORDER_COLUMNS, order_rows(orders))
    write_csv(out / "surveys" / "surveys.csv", SURVEY_COLUMNS, numbered)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the sample's customers, orders and surveys.")
    parser.add_argument("--out", type=Path, default=LANDING, help="landing folder to write to")
    make(parser.parse_args().out)
