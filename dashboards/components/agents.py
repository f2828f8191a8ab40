"""The sentence and the table of the agents' page: who differs from the others by more than chance.

Belongs here: pure functions from answers to text. Not here: the limits and estimates (sql/macros/kpi_fair.sql), the
phrases (locales/), drawing.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.agent_queries import AgentRow, Agents, FairMetric
from dashboards.components import captions, formats
from dashboards.components.words import Words

NAMED_MAX = 5  # more names make no sentence
# Of two in a thousand outside by chance, so many more are no list of persons: their work differs.
MANY_OUTSIDE = 1 / 3
ICONS = {"above": "▲", "below": "▼", "within": ""}
COLOURS = {"better": "blue", "worse": "orange", "small": "gray"}


def place(row: AgentRow, metric: FairMetric) -> str:
    """Return where an agent stands: better, worse, within the limits of chance, or small (n below the minimum)."""
    if row.n < metric.minimum_n:
        return "small"
    if row.position == "within":
        return "within"
    return "better" if (row.position == "above") == (metric.good == "up") else "worse"


def place_words(place: str, words: Words) -> str:
    """Name a place."""
    match place:
        case "better":
            return words("agents.better")
        case "worse":
            return words("agents.worse")
        case "small":
            return words("agents.small")
        case _:
            return words("agents.within")


def answer(view: Agents, metric: FairMetric, words: Words) -> str:
    """Say how many agents differ by more than chance and who, how many are too few to judge, and when not to judge."""
    if not view.rows:
        return nothing(metric, words)
    judged = [row for row in view.rows if row.n >= metric.minimum_n]
    outside = {side: [row for row in judged if place(row, metric) == side] for side in ("worse", "better")}
    count = sum(map(len, outside.values()))
    if not judged:
        sentences = [words("agents.none_judged", minimum=metric.minimum_n, n=len(view.rows))]
    elif count:
        sentences = [words("agents.some_differ", n=count, judged=len(judged))]
        if outside["worse"]:
            sentences.append(words("agents.named_worse", names=_names(outside["worse"], words)))
        if outside["better"]:
            sentences.append(words("agents.named_better", names=_names(outside["better"], words)))
    else:
        sentences = [words("agents.none_differ", judged=len(judged))]
    if judged and len(judged) < len(view.rows):
        sentences.append(words("agents.too_small", n=len(view.rows) - len(judged), minimum=metric.minimum_n))
    if count > MANY_OUTSIDE * len(judged):
        sentences.append(words("agents.many_outside"))
    return words("app.sentence_gap").join(sentences)


def nothing(metric: FairMetric, words: Words) -> str:
    """Say that nobody has such a share in the period."""
    if metric.name in ("csat", "dsat"):
        return words("agents.no_surveys")
    return words("agents.no_agents")


def _names(rows: Sequence[AgentRow], words: Words) -> str:
    named = words("agents.name_gap").join(row.agent for row in rows[:NAMED_MAX])
    more = len(rows) - NAMED_MAX
    return words("agents.and_more", names=named, n=more) if more > 0 else named


def table(view: Agents, metric: FairMetric, words: Words) -> dict[str, list[str]]:
    """Return the table's columns as text, in the order of the answers; agents too few to judge are grey."""
    lines = [_line(row, metric, words) for row in view.rows]
    headings = (
        words("agents.agent"), words("agents.position"), words("agents.estimate"),
        metric.label[words.language[:2]], words("agents.n"), words("agents.limits"),
    )  # fmt: skip
    return {heading: [line[column] for line in lines] for column, heading in enumerate(headings)}


def _line(row: AgentRow, metric: FairMetric, words: Words) -> tuple[str, ...]:
    side = place(row, metric)
    icon = ICONS[row.position] if side in ("better", "worse") else ""
    position = _one_line(f"{icon} {place_words(side, words)}".strip())
    figures: tuple[str, ...] = (
        formats.percent(row.shrunken_value),
        formats.percent(row.value),
        formats.count(row.n),
        _one_line(f"{formats.percent(row.low_998)} – {formats.percent(row.high_998)}"),
    )
    if side == "small":
        figures = tuple(f":gray[{text}]" for text in figures)
    name = captions.plain(row.agent)
    shown = f":gray[{name}]" if side == "small" else name
    return (shown, f":{COLOURS[side]}[{position}]" if side in COLOURS else position, *figures)


def _one_line(text: str) -> str:
    """Keep a cell together; Chinese breaks between any two characters unless a joiner stands there."""
    return "\N{WORD JOINER}".join(text.replace(" ", "\N{NO-BREAK SPACE}"))
