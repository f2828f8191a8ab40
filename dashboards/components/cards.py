"""Metric cards: a label, a value with its unit, the change, n, and the definition behind the "?".

Belongs here: what a card says (pure, tested) and drawing it. Not here: the figures (queries.py).
Blue is better, orange is worse, grey is neither; an arrow and a sign say the same without colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboards.components import formats
from dashboards.components.words import Words
from dashboards.queries import Figure, Metric, Overview, Publication

QUALITY = ("csat", "dsat", "nps", "fcr")
EFFICIENCY = ("service_level", "abandonment", "asa", "aht")
MONEY = ("cost_per_contact", "contribution")


@dataclass(frozen=True)
class Change:
    """A change against the comparison; is_up None = no change, is_better None = neither good nor bad."""

    text: str
    is_up: bool | None
    is_better: bool | None


@dataclass(frozen=True)
class Card:
    """All that is written on one card."""

    label: str
    value: str
    is_grey: bool
    change: Change | None
    change_note: str
    notes: tuple[str, ...]
    help: str


def value_text(metric: Metric, value: float, words: Words, currency: str | None) -> str:
    """Return a value with its unit."""
    match metric.unit:
        case "share":
            return formats.percent(value)
        case "points":
            return formats.points(value)
        case "s":
            return words("unit.minutes", value=formats.duration(value))
        case _:
            return formats.money(value, currency, is_compact=metric.is_total)


def change(metric: Metric, value: float, before: float, words: Words, currency: str | None) -> Change | None:
    """Return the change of a metric: points for shares and scores, percent for times and unit costs.

    An amount that may be negative changes by an amount. None where a percentage has nothing to divide by.
    """
    difference = value - before
    is_total_amount = metric.unit == "amount" and metric.is_total
    if metric.unit == "s" or (metric.unit == "amount" and not metric.is_total):
        if before == 0:
            return None
        shown = 100 * difference / before
        text = f"{abs(shown):.1f}%"
    elif is_total_amount:
        shown = difference
        text = formats.money(abs(difference), currency, is_compact=True)
    else:
        shown = 100 * difference if metric.unit == "share" else difference
        text = f"{abs(shown):.1f} {words('unit.points')}"
    if difference == 0 or (abs(shown) < 0.05 and not is_total_amount):
        return Change(text, None, None)
    is_up = difference > 0
    is_better = None if metric.good == "neither" else is_up == (metric.good == "up")
    return Change(("+" if is_up else formats.MINUS) + text, is_up, is_better)


def card(name: str, view: Overview, header: Publication, words: Words, prior_label: str | None) -> Card:
    """Write one card.

    Args:
        name: the metric to show; header.metric knows it.
        view: the answers of the period.
        header: whose centre it is: currency, minimum n.
        words: the language.
        prior_label: names the comparison, None for no comparison.
    """
    metric, figure = header.metric(name, view.service_level_variants), view.figures.get(name)
    language = words.language[:2]
    label, definition = metric.label[language], metric.meaning[language]
    if figure is None:
        return Card(label, words("value.no_data"), True, None, "", (words("note.no_rows"),), definition)
    if figure.value is None:
        return Card(label, words("value.not_applicable"), True, None, "", _why_not(name, view, words), definition)
    is_small = figure.n < header.minimum_n
    moved, moved_note = _moved(metric, figure, view.prior_figures.get(name), header, words, prior_label)
    notes = _notes(name, figure, view, header, words)
    value = value_text(metric, figure.value, words, header.currency)
    return Card(label, value, is_small, moved, moved_note, notes, definition)


def _moved(
    metric: Metric, figure: Figure, before: Figure | None, header: Publication, words: Words, prior_label: str | None
) -> tuple[Change | None, str]:
    if prior_label is None or figure.value is None:
        return None, ""
    if before is None or before.value is None:
        return None, words("note.no_earlier_data")
    moved = change(metric, figure.value, before.value, words, header.currency)
    if moved is None:
        return None, words("note.was", value=value_text(metric, before.value, words, header.currency))
    if min(figure.n, before.n) < header.minimum_n:
        # A change between small samples is shown, but not called good or bad.
        moved = Change(moved.text, moved.is_up, None)
    return moved, prior_label


def _why_not(name: str, view: Overview, words: Words) -> tuple[str, ...]:
    if name == "fcr" and view.immature_count:
        return (words("note.immature", n=formats.count(view.immature_count)),)
    return (words("note.nothing_to_divide"),)


def _notes(name: str, figure: Figure, view: Overview, header: Publication, words: Words) -> tuple[str, ...]:
    key = "note.n_small" if figure.n < header.minimum_n else "note.n"
    details = [words(key, n=formats.count(figure.n), minimum=header.minimum_n)]
    survey = view.surveys.get(name)
    if survey and survey.sent_count:
        rate = formats.percent(survey.answered_count / survey.sent_count)
        details[0] += f" · {words('note.response', rate=rate)}"
    if name in ("csat", "dsat", "fcr") and figure.low is not None and figure.high is not None:
        low, high = (f"{100 * end:.0f}" for end in (figure.low, figure.high))
        details.append(words("note.interval", low=low, high=high))
    if name == "fcr" and view.immature_count:
        details.append(words("note.immature_beside", n=formats.count(view.immature_count)))
    if name == "service_level":
        agreed = view.service_level_variants
        details.append(words(f"variant.{agreed[0]}" if len(agreed) == 1 else "variant.sl_as_agreed"))
        if view.target_rate is not None and view.threshold_s is not None:
            target = f"{100 * view.target_rate:.0f}%"
            details.append(words("note.target", rate=target, time=words.time(formats.span(view.threshold_s))))
    if name in MONEY:
        details.append(words(f"tag.{header.metric(name).basis}"))
        details.append(words("note.assumptions", name=view.assumption_sets or words("value.not_stated")))
    return tuple(details)


def draw(content: Card, key: str) -> None:
    """Draw one card into the current container."""
    moved = content.change
    colour, arrow, delta = "off", "off", content.change_note or None
    value = content.value.replace("$", "\\$")  # two dollar signs would be read as a formula
    if moved:
        delta = moved.text.replace("$", "\\$")
        colour = {True: "blue", False: "orange", None: "off"}[moved.is_better]
        arrow = {True: "up", False: "down", None: "off"}[moved.is_up]
    with st.container(border=True, key=f"card_{key}", height="stretch", gap="xsmall"):
        st.metric(
            content.label,
            f":gray[{value}]" if content.is_grey else value,
            delta,
            delta_color=colour,  # type: ignore[arg-type]
            delta_arrow=arrow,  # type: ignore[arg-type]
            delta_description=content.change_note if moved else None,
            help=content.help,
        )
        st.caption("  \n".join(content.notes))
