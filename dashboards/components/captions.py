"""The sentences and the table of the Overview, each computed from its answers.

Belongs here: pure functions from answers to text. Not here: the phrases (locales/), drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dashboards import charts
from dashboards.components import formats
from dashboards.components.words import Words
from dashboards.queries import Overview, Period, Publication, QueueRow


def anchor(last_date: date, words: Words) -> str:
    """Say which day the presets end with."""
    return words("filter.anchor", day=formats.local_date(last_date, words.language))


def period(shown: Period, prior: Period | None, words: Words) -> str:
    """Name the dates shown and the dates compared with."""
    named = _dates(shown, words)
    return f"{named} · {words('comparison.dates', dates=_dates(prior, words))}" if prior else named


def _dates(shown: Period, words: Words) -> str:
    first, last = (formats.local_date(day, words.language) for day in (shown.from_date, shown.to_date))
    return first if shown.days == 1 else f"{first} – {last}"


def against(prior: Period | None, words: Words) -> str | None:
    """Name the comparison on a card, None for no comparison."""
    if prior is None:
        return None
    return words("comparison.against_day") if prior.days == 1 else words("comparison.against_days", n=prior.days)


def busiest(view: Overview, facts: Publication, words: Words) -> str:
    """Say when most callers came, and on which clocks."""
    top = charts.busiest(view.points)
    if top is None:
        return words("chart.nothing")
    moment = charts.instant(top.group_value)
    if view.is_by_interval:
        label = formats.local_clock(moment, facts.timezone)
        sentences = [words("chart.when_by_interval", label=label, n=formats.count(top.offered_count))]
        sentences.append(words("chart.when_zone", zone=facts.timezone))
    else:
        label = formats.local_date(moment.date(), words.language)
        sentences = [words("chart.when_by_day", label=label, n=formats.count(top.offered_count))]
    if any(point.judged_count < facts.minimum_n for point in view.points):
        sentences.append(words("chart.when_small", minimum=facts.minimum_n))
    return words("app.sentence_gap").join(sentences)


def outcomes(view: Overview, facts: Publication, words: Words) -> str:
    """Say in which queue callers give up most, and how many were refused."""
    if not view.queues:
        return words("chart.nothing")
    worst = charts.worst_queue(view.queues, facts.minimum_n)
    if worst is None or worst.abandonment is None:
        sentences = [words("chart.outcome_none", minimum=facts.minimum_n)]
    else:
        rate, n = formats.percent(worst.abandonment), formats.count(worst.offered_count)
        sentences = [words("chart.outcome_worst", queue=worst.queue, rate=rate, n=n)]
    blocked = sum(row.blocked_count for row in view.queues)
    if blocked:
        sentences.append(words("chart.blocked", n=formats.count(blocked)))
    return words("app.sentence_gap").join(sentences)


def targets(view: Overview, facts: Publication, words: Words) -> str:
    """Say how many queues meet their own target."""
    gaps = [_gap(row) for row in view.queues if row.judged_count >= facts.minimum_n]
    judged = [gap for gap in gaps if gap is not None]
    if not judged:
        return words("chart.table_none", minimum=facts.minimum_n)
    return words("chart.table_answer", met=sum(gap >= 0 for gap in judged), judged=len(judged))


def tiers(view: Overview, words: Words) -> str:
    """Say how many customers are scored and by what."""
    if not view.tiers:
        return words("chart.no_scores")
    counts: dict[str, int] = {}
    for row in view.tiers:
        name = _source(row.source, row.model_version, words)
        counts[name] = counts.get(name, 0) + row.customer_count
    named = (words("source.counted", name=name, n=formats.count(n)) for name, n in counts.items())
    everyone = formats.count(sum(counts.values()))
    sentences = (words("chart.tiers_source", n=everyone, sources="; ".join(named)), words("chart.tiers_note"))
    return words("app.sentence_gap").join(sentences)


def _source(source: str, model_version: str | None, words: Words) -> str:
    key = f"source.{source}"
    return words(key, version=model_version or words("value.not_stated")) if words.has(key) else source


def _gap(row: QueueRow) -> float | None:
    """Return service level less target, as a rate."""
    if row.service_level is None or row.target_rate is None:
        return None
    return row.service_level - row.target_rate


def queue_table(rows: Sequence[QueueRow], minimum_n: int, words: Words) -> dict[str, list[str]]:
    """Return the columns of the queue table as text; figures of too few callers are grey."""
    columns = ("queue", "against", "service_level", "target", "offered", "abandonment", "asa", "aht")
    lines = [_line(row, minimum_n, words) for row in rows]
    return {words(f"table.{column}"): [line[column] for line in lines] for column in columns}


def _line(row: QueueRow, minimum_n: int, words: Words) -> dict[str, str]:
    missing = words("value.not_applicable")
    figures = {
        "service_level": formats.percent(row.service_level) if row.service_level is not None else missing,
        "abandonment": formats.percent(row.abandonment) if row.abandonment is not None else missing,
        "asa": formats.duration(row.asa_s) if row.asa_s is not None else missing,
        "aht": formats.duration(row.aht_s) if row.aht_s is not None else missing,
    }
    if row.judged_count < minimum_n:
        figures = {name: f":gray[{text}]" for name, text in figures.items()}
    return {
        "queue": plain(row.queue),
        "offered": formats.count(row.offered_count),
        "target": _target(row, words),
        "against": _against_target(row, minimum_n, words),
        **figures,
    }


def plain(text: str) -> str:
    """Escape text that holds names from the data, so that no character of it is taken for markdown."""
    return "".join("\\" + letter if letter in "\\`*_{}[]<>()#+-.!|~$:" else letter for letter in text)


def _one_line(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _target(row: QueueRow, words: Words) -> str:
    if row.target_rate is None or row.threshold_s is None:
        return words("table.no_target")
    return _one_line(
        words("table.target_cell", rate=f"{100 * row.target_rate:.0f}%", time=words.time(formats.span(row.threshold_s)))
    )


def _against_target(row: QueueRow, minimum_n: int, words: Words) -> str:
    gap = _gap(row)
    if gap is None:
        return "–"
    if row.judged_count < minimum_n:
        return f":gray[{words('table.small')}]"
    size = f"{abs(100 * gap):.1f}"
    if gap >= 0:
        return _one_line(f":blue[▲ {words('table.met', points='+' + size)}]")
    return _one_line(f":orange[▼ {words('table.missed', points=formats.MINUS + size)}]")
