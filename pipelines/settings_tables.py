"""The settings as typed rows, for the warehouse's `settings` schema: what SQL sees of callwright.toml.

Belongs here: tables, columns, DuckDB types, and units turned into the house's (seconds, rates, amounts).
Does not belong here: rules about settings (settings.py), writing to a database (warehouse.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import date
from itertools import product
from typing import Any

from pipelines.settings_sections import FALLBACK_TARGET, BusinessHours, CustomSource, Settings, Target
from pipelines.settings_values import EVERY

Row = dict[str, Any]

DAY_S = 86_400.0
# Comparisons with null are null, so "since ever" is a day before any record.
SINCE_EVER = date(1900, 1, 1)

BUILT_IN_KINDS = {
    "asterisk_queue_log": "calls",
    "asterisk_cdr": "calls",
    "asterisk_cel": "calls",
    "freeswitch_cdr": "calls",
    "genesys_conversations": "calls",
    "amazon_connect_contacts": "calls",
    "twilio_taskrouter": "calls",
    "crm_customers": "customers",
    "crm_orders": "orders",
    "crm_cases": "cases",
    "surveys": "surveys",
    "campaign_attempts": "campaign_attempts",
    "agents": "agents",
    "schedules": "schedules",
    "action_outcomes": "action_outcomes",
}

SETTINGS_SCHEMAS: dict[str, dict[str, str]] = {
    "centre": {
        "name": "VARCHAR",
        "timezone": "VARCHAR",
        "region": "VARCHAR",
        "currency": "VARCHAR",
        "interval_ownership": "VARCHAR",
        "service_level_variant": "VARCHAR",
        "minimum_n": "BIGINT",
    },
    "sites": {"site": "VARCHAR", "label": "VARCHAR"},
    "queues": {"queue": "VARCHAR", "label": "VARCHAR", "site": "VARCHAR", "channel": "VARCHAR"},
    "targets": {
        "queue": "VARCHAR",
        "channel": "VARCHAR",
        "valid_from": "DATE",
        "valid_to": "DATE",
        "rank": "BIGINT",
        "sl_threshold_s": "DOUBLE",
        "sl_comparator": "VARCHAR",
        "sl_target_rate": "DOUBLE",
        "short_abandon_s": "DOUBLE",
        "sl_clock_start": "VARCHAR",
        "interval_ownership": "VARCHAR",
        "service_level_variant": "VARCHAR",
    },
    "business_hours": {
        "queue": "VARCHAR",
        "channel": "VARCHAR",
        "valid_from": "DATE",
        "valid_to": "DATE",
        "weekday_number": "BIGINT",
        "opens_s": "DOUBLE",
        "closes_s": "DOUBLE",
    },
    "costs": {
        "agent_hour_amount": "DOUBLE",
        "telecom_minute_amount": "DOUBLE",
        "fixed_contact_amount": "DOUBLE",
        "currency": "VARCHAR",
        "attribution_s": "DOUBLE",
        "margin_rate": "DOUBLE",
        "assumption_set": "VARCHAR",
    },
    "tiers": {
        "tier": "VARCHAR",
        "rank": "BIGINT",
        "share_rate": "DOUBLE",
        "hysteresis_rate": "DOUBLE",
        "priority": "BIGINT",
        "head_start_s": "DOUBLE",
        "queue": "VARCHAR",
    },
    "router": {
        "default_priority": "BIGINT",
        "default_head_start_s": "DOUBLE",
        "default_queue": "VARCHAR",
        "expires_after_s": "DOUBLE",
        "holdout_rate": "DOUBLE",
    },
    "actions": {
        "action": "VARCHAR",
        "rank": "BIGINT",
        "label_en": "VARCHAR",
        "label_zh": "VARCHAR",
        "channel": "VARCHAR",
        "cost_amount": "DOUBLE",
        "currency": "VARCHAR",
        "eligible_when": "VARCHAR",
        "expected_effect_rate": "DOUBLE",
        "effect_on": "VARCHAR",
        "is_marketing": "BOOLEAN",
        "at_most_count": "BIGINT",
        "at_most_s": "DOUBLE",
        "owner": "VARCHAR",
        "valid_from": "DATE",
        "valid_to": "DATE",
    },
    "sources": {"source": "VARCHAR", "kind": "VARCHAR", "timezone": "VARCHAR", "is_custom": "BOOLEAN"},
    "inbound_contexts": {"source": "VARCHAR", "context": "VARCHAR"},
    "churn": {"horizon_s": "DOUBLE", "cutoff_count": "BIGINT", "label": "VARCHAR"},
    "value": {"horizon_s": "DOUBLE"},
    "campaigns": {"uplift_s": "DOUBLE"},
    "annotations": {
        "from_date": "DATE",
        "to_date": "DATE",
        "site": "VARCHAR",
        "what_en": "VARCHAR",
        "what_zh": "VARCHAR",
        "is_usual": "BOOLEAN",
    },
    "alerts": {"sigmas": "DOUBLE"},
    "checks": {"stale_after_s": "DOUBLE"},
}


def settings_tables(settings: Settings) -> dict[str, list[Row]]:
    """The rows of every table of `SETTINGS_SCHEMAS`, each with exactly that table's columns.

    Args:
        settings: The centre's settings.

    Returns:
        Table name to rows. Seconds for `_s`, 0 to 1 for `_rate`, the centre's currency for `_amount`;
        `valid_from` is never null, `valid_to` is not included and null when open.
    """
    return {table: rows(settings) for table, rows in _TABLES.items()}


def _centre(settings: Settings) -> list[Row]:
    return [settings.centre.model_dump()]


def _sites(settings: Settings) -> list[Row]:
    return [{"site": site.name, "label": site.label or site.name} for site in settings.sites]


def _queues(settings: Settings) -> list[Row]:
    return [
        {
            "queue": queue.name,
            "label": queue.label or queue.name,
            "site": queue.site,
            "channel": queue.channel,
        }
        for queue in settings.queues
    ]


def _targets(settings: Settings) -> list[Row]:
    """The entries in file order as rank 1, 2, …; rank 0 is what holds where none matches.

    The target of a visit is the row of the highest rank that matches queue, channel and business date.
    """
    entries = [FALLBACK_TARGET, *settings.targets]
    return [
        {
            **target.model_dump(),
            "valid_from": target.valid_from or SINCE_EVER,
            "valid_to": _overtaken_on(target, entries[rank + 1 :]),
            "rank": rank,
            "interval_ownership": target.interval_ownership or settings.centre.interval_ownership,
            "service_level_variant": target.service_level_variant or settings.centre.service_level_variant,
        }
        for rank, target in enumerate(entries)
    ]


def _overtaken_on(target: Target, later: list[Target]) -> date | None:
    """The first day on which a later entry covers all that this one is for, or None."""
    begins = target.valid_from or SINCE_EVER
    return min(
        (
            max(other.valid_from or SINCE_EVER, begins)
            for other in later
            if other.queue in ("*", target.queue) and other.channel in ("*", target.channel)
        ),
        default=None,
    )


def _business_hours(settings: Settings) -> list[Row]:
    """The hours of each queue and channel that an entry names, and of `*`, all others, by stretches of days.

    Unlike targets they do not overlap: a contact is to find its hours by equal keys.
    """
    entries = (BusinessHours(), *settings.business_hours)
    begins = sorted({entry.valid_from or SINCE_EVER for entry in entries})
    rows = []
    for queue, channel in product(_named(e.queue for e in entries), _named(e.channel for e in entries)):
        for begin, end in zip(begins, [*begins[1:], None], strict=True):
            hours = next(
                e
                for e in reversed(entries)
                if e.queue in (EVERY, queue) and e.channel in (EVERY, channel) and (e.valid_from or SINCE_EVER) <= begin
            )
            of = {"queue": queue, "channel": channel, "valid_from": begin, "valid_to": end}
            rows += [
                {**of, "weekday_number": weekday, "opens_s": float(opens_s), "closes_s": float(closes_s)}
                for weekday, opens_s, closes_s in hours.open_s()
            ]
    return rows


def _named(names: Iterable[str]) -> list[str]:
    return sorted({EVERY, *names})


def _costs(settings: Settings) -> list[Row]:
    costs = settings.costs
    return [
        {
            "agent_hour_amount": costs.agent_hour,
            "telecom_minute_amount": costs.telecom_minute,
            "fixed_contact_amount": costs.fixed_contact,
            "currency": settings.centre.currency,
            "attribution_s": costs.attribution_days * DAY_S,
            "margin_rate": costs.margin_rate,
            "assumption_set": assumption_set(settings),
        }
    ]


def assumption_set(settings: Settings) -> str:
    """A short name for what money figures assume, costs and the actions' effects: equal for equal assumptions.

    It begins with "default-" as long as the centre has not stated any cost or action of its own, else with "centre-".
    """
    costs = settings.costs
    actions = [[action.id, action.cost, action.expected_effect, action.effect_on] for action in settings.actions]
    content = json.dumps([costs.model_dump(), settings.centre.currency, actions], sort_keys=True)
    owner = "default" if costs == type(costs)() and not actions else "centre"
    return f"{owner}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def _tiers(settings: Settings) -> list[Row]:
    tiers = settings.tiers
    return [
        {
            "tier": name,
            "rank": rank,
            "share_rate": share,
            "hysteresis_rate": tiers.hysteresis,
            **tiers.treatment_of(name).model_dump(),
        }
        for rank, (name, share) in enumerate(zip(tiers.names, tiers.shares, strict=True), start=1)
    ]


def _router(settings: Settings) -> list[Row]:
    router = settings.router
    return [
        {
            "default_priority": router.default_priority,
            "default_head_start_s": router.default_head_start_s,
            "default_queue": router.default_queue,
            "expires_after_s": router.expires_after_hours * 3_600,
            "holdout_rate": router.holdout_share,
        }
    ]


def _actions(settings: Settings) -> list[Row]:
    return [
        {
            "action": action.id,
            "rank": rank,
            "label_en": action.label.en,
            "label_zh": action.label.zh,
            "channel": action.channel,
            "cost_amount": action.cost,
            "currency": settings.centre.currency,
            "eligible_when": action.eligible_when,
            "expected_effect_rate": action.expected_effect,
            "effect_on": action.effect_on,
            "is_marketing": action.is_marketing,
            "at_most_count": action.at_most_count,
            "at_most_s": action.at_most_s,
            "owner": action.owner,
            "valid_from": action.valid_from or SINCE_EVER,
            "valid_to": action.valid_to,
        }
        for rank, action in enumerate(settings.actions, start=1)
    ]


def _sources(settings: Settings) -> list[Row]:
    return [
        {
            "source": name,
            "kind": source.kind if isinstance(source, CustomSource) else BUILT_IN_KINDS[name],
            "timezone": settings.timezone_of(name),
            "is_custom": isinstance(source, CustomSource),
        }
        for name, source in settings.sources.items()
    ]


def _inbound_contexts(settings: Settings) -> list[Row]:
    named = {name: getattr(source, "inbound_contexts", ()) for name, source in settings.sources.items()}
    return [{"source": name, "context": context} for name, contexts in named.items() for context in contexts]


def _churn(settings: Settings) -> list[Row]:
    churn = settings.models.churn
    return [{"horizon_s": churn.horizon_days * DAY_S, "cutoff_count": churn.cutoff_count, "label": churn.label}]


def _value(settings: Settings) -> list[Row]:
    return [{"horizon_s": settings.models.value.horizon_days * DAY_S}]


def _campaigns(settings: Settings) -> list[Row]:
    return [{"uplift_s": settings.campaigns.uplift_days * DAY_S}]


def _annotations(settings: Settings) -> list[Row]:
    return [
        {
            "from_date": note.from_date,
            "to_date": note.to_date,
            "site": note.site,
            "what_en": note.what.text("en"),
            "what_zh": note.what.text("zh"),
            "is_usual": note.is_usual,
        }
        for note in settings.annotations
    ]


def _alerts(settings: Settings) -> list[Row]:
    return [{"sigmas": settings.alerts.sigmas}]


def _checks(settings: Settings) -> list[Row]:
    return [{"stale_after_s": settings.checks.stale_after_hours * 3_600}]


_TABLES: dict[str, Callable[[Settings], list[Row]]] = {
    "centre": _centre,
    "sites": _sites,
    "queues": _queues,
    "targets": _targets,
    "business_hours": _business_hours,
    "costs": _costs,
    "tiers": _tiers,
    "router": _router,
    "actions": _actions,
    "sources": _sources,
    "inbound_contexts": _inbound_contexts,
    "churn": _churn,
    "value": _value,
    "campaigns": _campaigns,
    "annotations": _annotations,
    "alerts": _alerts,
    "checks": _checks,
}
