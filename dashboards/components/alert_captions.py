"""The sentences and the table of the Alerts page, each computed from its answers.

Belongs here: pure functions from alerts and their evidence to text. Not here: the phrases (locales/), drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from dashboards import evidence_charts, series_charts
from dashboards.alert_queries import Alert, Annotation, CampaignArm, Months, Policy, Series, TopicWeek, Watch
from dashboards.components import formats
from dashboards.components.captions import plain
from dashboards.components.words import Words
from dashboards.queries import Metric, Publication

HAN_FIRST = "\u4e00"
ANNOTATIONS_MAX = 5
LISTED_MAX = 100  # more rows than this nobody reads; the sentence above the list counts them all


def key_of(asked: str | None) -> str | None:
    """Return the alert key that an address asks for in its usual form, None if it is no key at all."""
    try:
        return str(UUID(asked)) if asked else None
    except ValueError:
        return None


def strongest(alerts: Sequence[Alert], most: int) -> list[Alert]:
    """Return the alerts that are furthest from what was to be expected, the furthest first."""
    return sorted(alerts, key=lambda alert: (-abs(alert.deviation or 0), alert.alert_key))[:most]


def summary(watch: Watch, words: Words) -> str:
    """Say how many alerts were raised, and on how much they were looked for."""
    watched = {"series": formats.count(watch.series_count), "points": formats.count(watch.point_count)}
    if not watch.alerts:
        return words("alerts.none", **watched) if watch.point_count else words("alerts.none_judged")
    going_on = sum(alert.is_open for alert in watch.alerts)
    key = "alerts.one" if len(watch.alerts) == 1 else "alerts.many"
    said = [words(key, n=formats.count(len(watch.alerts)), open=formats.count(going_on), **watched)]
    if len(watch.alerts) > LISTED_MAX:
        said.append(words("alerts.newest", n=LISTED_MAX))
    return words("app.sentence_gap").join(said)


def kind(alert: Alert, words: Words) -> str:
    """Name the kind of an alert; one that the pages do not know yet by its own name."""
    key = f"kind.{alert.kind}"
    return words(key) if words.has(key) else alert.kind


def method(alert: Alert, words: Words) -> str | None:
    """Say how alerts of this kind are found, None for a kind that the pages do not know yet."""
    key = f"method.{alert.kind}"
    return words(key) if words.has(key) else None


def table(
    alerts: Sequence[Alert], chosen: Alert | None, catalogue: dict[str, Metric], words: Words
) -> dict[str, list[str]]:
    """Return the columns of the list as text, the chosen one in bold.

    What is bad is orange, what is neither good nor bad is grey.
    """
    columns = ("raised", "what", "deviation", "kind", "n", "state", "also")
    lines = [_line(alert, alert == chosen, catalogue, words) for alert in alerts]
    return {words(f"alerts.{column}"): [line[column] for line in lines] for column in columns}


def _line(alert: Alert, is_chosen: bool, catalogue: dict[str, Metric], words: Words) -> dict[str, str]:
    return {
        "raised": _unbroken(formats.local_date(alert.raised_date, words.language)),
        "what": f"**{sentence(alert, words)}**" if is_chosen else sentence(alert, words),
        "kind": plain(_unbroken(kind(alert, words)) if words.language == "zh_CN" else kind(alert, words)),
        "deviation": deviation(alert, catalogue),
        "n": "–" if alert.n is None else formats.count(alert.n),
        "state": _unbroken(words("alerts.open")) if alert.is_open else f":gray[{_unbroken(words('alerts.over'))}]",
        "also": formats.count(alert.also_count) if alert.also_count else "–",
    }


def _unbroken(text: str) -> str:
    """Return text that a narrow column may not break: not at a space, nor between two Chinese characters."""
    joined = "\N{WORD JOINER}".join(text) if max(text, default="") >= HAN_FIRST else text
    return joined.replace(" ", "\N{NO-BREAK SPACE}")


def sentence(alert: Alert, words: Words) -> str:
    """Return what an alert says, with nothing in it taken for markdown."""
    return plain(alert.text[words.language[:2]])


def marked(alert: Alert, catalogue: dict[str, Metric], words: Words) -> str:
    """Return what an alert says behind an arrow in the colour of good, bad or neither."""
    return f"{deviation(alert, catalogue)}\N{EN SPACE}{sentence(alert, words)}"


def deviation(alert: Alert, catalogue: dict[str, Metric]) -> str:
    """Return the standard deviations with an arrow, in the colour of good, bad or neither."""
    if alert.deviation is None:
        return "–"
    size = f"{abs(alert.deviation):.1f}"
    text = f"▲ +{size}" if alert.deviation > 0 else f"▼ {formats.MINUS}{size}"
    metric = catalogue.get(alert.metric or "")
    is_neither = alert.kind == "outside_limits" and (metric is None or metric.good == "neither")
    return _unbroken(f":{'gray' if is_neither else 'orange'}[{text}]")


def choice(alert: Alert, words: Words) -> str:
    """Name an alert in the list to choose from."""
    return f"{formats.local_date(alert.raised_date, words.language)} · {alert.text[words.language[:2]]}"


def facts(alert: Alert, words: Words) -> str:
    """Say in one line what kind of alert it is and when it was raised."""
    raised = words("alerts.raised_on", day=formats.local_date(alert.raised_date, words.language))
    state = words("alerts.open") if alert.is_open else words("alerts.over")
    said = [kind(alert, words), raised, state]
    if alert.also_count:
        said.append(words("alerts.also_in", n=formats.count(alert.also_count)))
    return " · ".join(said)


def label(alert: Alert, centre: Publication, words: Words) -> str:
    """Return the short label of the alert's metric from the catalogue, its name if it is not in there."""
    return metric_label(alert.metric or "", centre, words)


def metric_label(name: str, centre: Publication, words: Words) -> str:
    """Return the short label of a metric, its name if it is not in the catalogue."""
    metric = centre.catalogue.get(name)
    return metric.label[words.language[:2]] if metric else name


def series(alert: Alert, shown: Series, words: Words) -> str:
    """Say how often the series was outside its limits in the alert's time, and where it was furthest off."""
    own = [point for point in shown.points if series_charts.is_about(alert, point)]
    outside = [point for point in own if series_charts.is_part(alert, point)]
    if not outside:
        return words("evidence.not_there")
    worst = max(outside, key=lambda point: abs(point.deviation))
    told = {
        "moment": series_charts.moment_of(worst, words), "outside": len(outside), "judged": len(own),
        "value": formats.quantity(alert.unit, worst.value), "n": formats.count(worst.n),
        "low": formats.quantity(alert.unit, worst.low_limit), "high": formats.quantity(alert.unit, worst.high_limit),
    }  # fmt: skip
    hours = series_charts.is_hourly(shown.points)
    if len(own) == 1:
        said = [words("evidence.series_once", **told)]
    else:
        said = [words("evidence.series_hours" if hours else "evidence.series_days", **told)]
    if not all(series_charts.is_outside(point) for point in outside):
        said.append(words("evidence.series_together"))
    before = [point for point in shown.points if point.business_date < alert.from_date]
    if before:
        n = sum(series_charts.is_outside(point) for point in before)
        said.append(words("evidence.hours_before" if hours else "evidence.days_before", n=n, judged=len(before)))
    return words("app.sentence_gap").join(said)


def beside(shown: Series, words: Words) -> str | None:
    """Name what else happened, by the letters in the figure; None if nothing did."""
    if not shown.annotations:
        return None
    named = [
        words("evidence.annotation", letter=letter, what=_annotated(annotation, words))
        for letter, annotation in series_charts.lettered(shown.annotations)
    ]
    return words("evidence.annotations", named=words("evidence.list_gap").join(named))


def known_of_days(watch: Watch, words: Words) -> str | None:
    """Name what is known of the days of a period, the newest first: holidays, changes of the clocks; None: nothing."""
    newest = sorted(watch.annotations, key=lambda annotation: annotation.from_date, reverse=True)
    named = [_annotated(annotation, words) for annotation in newest[:ANNOTATIONS_MAX]]
    if len(newest) > ANNOTATIONS_MAX:
        named.append(words("alerts.more_annotations", n=len(newest) - ANNOTATIONS_MAX))
    return words("alerts.annotations", named=words("evidence.list_gap").join(named)) if named else None


def _annotated(annotation: Annotation, words: Words) -> str:
    days = [formats.local_date(annotation.from_date, words.language)]
    if annotation.to_date > annotation.from_date:
        days.append(formats.local_date(annotation.to_date, words.language))
    what = annotation.what[words.language[:2]]
    where = words("evidence.at_site", site=annotation.site) if annotation.site else ""
    return words("evidence.annotated", days=" – ".join(days), what=what, site=where)


def months(alert: Alert, shown: Months, centre: Publication, words: Words) -> str:
    """Say what contribution and CSAT were in the alert's month and in the one before."""
    sentences = []
    for name, unit, points in (("contribution", "amount", shown.contribution), ("csat", "share", shown.csat)):
        before = [point for point in points if point.month_date < alert.from_date]
        now = next((point for point in points if point.month_date == alert.from_date), None)
        if now is None or not before:
            continue
        told = {
            "metric": metric_label(name, centre, words), "month": formats.month(now.month_date, words.language),
            "value": formats.quantity(unit, now.value, centre.currency),
            "before": formats.quantity(unit, before[-1].value, centre.currency),
            "before_month": formats.month(before[-1].month_date, words.language),
        }  # fmt: skip
        is_chance = now.deviation is None or abs(now.deviation) <= series_charts.LIMIT
        sentences.append(words("evidence.month_within" if is_chance else "evidence.month_outside", **told))
    return words("app.sentence_gap").join(sentences) if sentences else words("evidence.not_there")


def campaigns(alert: Alert, rows: Sequence[CampaignArm], words: Words) -> str:
    """Say what the alert's campaign changed, and how many others cannot be measured."""
    own = next((row for row in rows if row.identity == alert.identity), None)
    if own is None:
        return words("evidence.not_there")
    n, held = formats.count(own.customer_count), formats.count(own.holdout_customer_count)
    said = [
        words(
            "evidence.campaign",
            campaign=own.campaign_id,
            uplift=evidence_charts.uplift_text(own, words),
            n=n,
            held=held,
        )
    ]
    if own.verdict == "harmful":
        said.append(words("evidence.stop"))
    unknown = sum(row.uplift is None for row in rows)
    if unknown:
        said.append(words("evidence.unmeasured", n=unknown, of=len(rows)))
    return words("app.sentence_gap").join(said)


def policy(alert: Alert, shown: Policy, words: Words) -> str:
    """Say in how many weeks the alert's version was off, and of which action."""
    own = [week for week in shown.weeks if week.version == alert.identity]
    off = [week for week in own if week.is_consistent is False]
    if not off:
        return words("evidence.not_there")
    others = [week for week in shown.weeks if week.version != alert.identity and week.is_consistent is not None]
    sentences = [
        words("evidence.policy_all") if shown.action == "all" else words("evidence.policy_of", action=shown.action),
        words("evidence.policy", version=alert.identity, off=len(off), weeks=len(own)),
    ]
    if others:
        n = sum(week.is_consistent is False for week in others)
        sentences.append(words("evidence.policy_others", off=n, weeks=len(others)))
    return words("app.sentence_gap").join(sentences)


def topic(weeks: Sequence[TopicWeek], words: Words) -> str:
    """Say in which week the topic took the largest share of comments, of those in which it was new or rising."""
    news = [week for week in weeks if week.status in evidence_charts.NEWS]
    if not news:
        return words("evidence.not_there")
    top = max(news, key=lambda week: week.value)
    told = {
        "n": formats.count(top.comment_count), "all": formats.count(top.all_comment_count),
        "day": formats.local_date(top.week_date, words.language), "rate": formats.percent(top.value),
    }  # fmt: skip
    if top.expected is None:
        return words("evidence.topic", **told)
    return words("evidence.topic_expected", expected=formats.percent(top.expected), **told)
