"""Rebuilding only what new records touch: which stretch of time, which contacts, which days, and merging just those.

Belongs here: what is noted of a change, how far it reaches, and running a table's SQL on the inputs that matter.
Does not belong here: whether a table is stale or must be built whole (warehouse.py), what a table means (sql/).

A model says in its header how it is rebuilt:

- `-- window: from, to`: rows whose stretch of time meets the touched one are made anew. With `-- key:` the records of
  one key belong together however far they lie apart.
- `-- window: contact_key`, `-- window: business_date`: rows of touched contacts, or of their days.
- `-- changes: from, to`: built whole, for it is small; where it differs from before is touched too.

What is touched stays noted until all such tables are current, so a run that was killed leaves no gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime

import duckdb

from pipelines.sqlgraph import Model

Window = tuple[datetime, datetime]
# Beyond every event: what a table is built for when it is built whole.
EVER: Window = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC))
# More than these are taken as one.
MANY_WINDOWS = 24

CALLS, CHANNELS, JOURNEYS = "core._asterisk_calls", "staging.asterisk_channels", "core._asterisk_journeys"
CONTACTS, PEOPLE = "core.contacts", "core._journeys"
NOTES = {
    "touched": {"from_at": "TIMESTAMPTZ", "to_at": "TIMESTAMPTZ"},
    "touched_contacts": {"contact_key": "UUID"},
    "touched_people": {"contact_key": "UUID"},
    "touched_dates": {"business_date": "DATE"},
    "touched_numbers": {"number": "VARCHAR"},
    "touched_agents": {"name": "VARCHAR", "from_at": "TIMESTAMPTZ"},
    "touched_since": {"from_date": "DATE"},
}

# How the touched rows of a table are told; {} is where the notes are.
_CONTACTS = "contact_key in (select contact_key from {}build.touched_contacts)"
_PEOPLE = "contact_key in (select contact_key from {}build.touched_people)"
_DIRECT = "contact_key in (select contact_key from direct)"
_DATES = "business_date in (select business_date from {}build.touched_dates)"
_SINCE = "business_date >= (select min(from_date) from {}build.touched_since)"
_AGENTS = "started_at >= (select min(from_at) from {}build.touched_agents where name = agent)"
_STATES = "(state in ('logged_in', 'paused') or started_at >= (select min(from_date) - 1 from {}build.touched_since))"
_TALKS = "answered_at >= (select min(from_date) - 1 from {}build.touched_since)"
# Talk, hold and wrap-up are cut at midnight, so what began before and had not ended by then matters too.
_HANDLED = (
    "greatest(answered_at, left_at) + to_seconds(coalesce(talk_s, 0) + coalesce(hold_s, 0) + coalesce(wrap_s, 0))"
    " >= (select min(from_date) - 1 from {}build.touched_since)"
)
# What belongs to the contacts of the touched days, whatever its own day.
_OF_CONTACTS = f"contact_key in (select contact_key from {CONTACTS} where {_DATES.format('')})"
ROWS = {
    "core.contacts": _PEOPLE,
    "core.queue_visits": _CONTACTS,
    "core.ring_attempts": _CONTACTS,
    "core.segments": _PEOPLE,
    "core.agent_states": _STATES,
    "core.agent_switches": _AGENTS,
    "kpi.queue_interval": _DATES,
    "kpi.queue_day": _DATES,
    "kpi.tier_service_day": _DATES,
    "kpi.wait_histogram_day": _DATES,
    "kpi.channel_day": _DATES,
    "kpi.site_day": _DATES,
    "kpi.ivr_day": _DATES,
    "kpi.flow_day": _DATES,
    "kpi.repeat_day": _SINCE,
    "kpi.agent_day": _SINCE,
    "kpi.agent_interval": _SINCE,
}

# core._journeys makes it so.
_KEY_OF_CALL = "cast(md5_number(concat_ws('|', source, source_contact_id)) as uuid)"

Conditions = Callable[[str], str | None]


class Increments:
    """What has been touched since all tables were last current, and the merging of it.

    Args:
        con: The warehouse's connection. Callers hold a transaction around `merge` and `rebuilt`.
        models: All SQL files, by table.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, models: Mapping[str, Model]) -> None:
        self.con, self.models = con, models

    # --- what is touched -------------------------------------------------------------------------------------

    def touch(self, window: Window) -> None:
        """Notes that records of a stretch of time came or went."""
        self.con.execute("insert into build.touched values (?, ?)", list(window))

    def touched(self) -> list[Window]:
        """The touched stretches of time in order, those that lie close to each other as one."""
        return self._joined("select from_at, to_at from build.touched")

    @property
    def is_everything(self) -> bool:
        """Whether tables must be built whole."""
        return any(first <= EVER[0] and last >= EVER[1] for first, last in self.touched())

    def rows(self, table: str, database: str = "") -> str | None:
        """The condition that leaves the touched rows of a table; None: they cannot be told, or are all.

        Args:
            table: `schema.name`.
            database: Where the notes are, with a dot, if not in the current database.
        """
        if self.is_everything or table not in ROWS:
            return None
        if table == "core.agent_states":
            self._note_since()
        return ROWS[table].format(database)

    def narrowed(self, text: str, tables: Iterable[str], part: str) -> str | None:
        """A check's SQL, asked of what is touched; None: it has to be asked of everything.

        Args:
            text: The SQL.
            tables: The tables it reads.
            part: `contact_key`: of the touched contacts; `business_date`: of the touched days, for a truth that
                holds day by day; `talks onwards`: of talks since the first touched day.
        """
        if self.is_everything:
            return None
        self._note_since()

        def condition(table: str) -> str | None:
            if part == "contact_key":
                return _PEOPLE.format("") if self._has(table, "contact_key") else None
            if part == "business_date":
                return _DATES.format("") if self._has(table, "business_date") else None
            return _TALKS.format("") if table == "core.queue_visits" else None

        return self._narrow(text, tables, condition)

    def forget(self) -> None:
        """Forgets what was touched: all tables are current."""
        for table in NOTES:
            self.con.execute(f"delete from build.{table}")

    def rebuilt(self, model: Model, before: str) -> None:
        """Notes where a table that was rebuilt whole differs from a copy of what it was."""
        assert model.changes is not None
        first, last = model.changes
        gone = f"(select * from {before} except all select * from {model.table})"
        new = f"(select * from {model.table} except all select * from {before})"
        if first == "number":
            # A number that is new belongs to new records, which are touched anyway.
            self.con.execute(f"insert into build.touched_numbers select {first} from {gone} as gone")
            return
        if first == "source_contact_id":
            self.con.execute(
                f"insert into build.touched_contacts select distinct {_KEY_OF_CALL}"
                f" from ({gone} union all {new}) as calls"
            )
            return
        # What has no begin or no end has none in sight.
        spans = f"select coalesce({first}, ?), coalesce({last}, ?) from ({gone} union all {new}) as differing"
        self.con.execute(
            f"insert into build.touched select distinct a, b from ({spans}) as spans(a, b)",
            list(EVER),
        )

    # --- merging ---------------------------------------------------------------------------------------------

    def merge(self, model: Model) -> None:
        """Makes the touched rows of a table anew, and leaves the others."""
        touched = self.touched()
        if model.window == "business_date":
            self._merge_dates(model)
        elif model.window == "business_date onwards":
            self._merge_onwards(model)
        elif model.window == "contact_key":
            self._merge_contacts(model, touched)
        elif touched:
            merge = self._merge_agents if model.window == "agent" else self._merge_span
            merge(model, touched)

    def _merge_dates(self, model: Model) -> None:
        """Of a model that reads contacts the days are theirs: a visit after midnight belongs to the day of arrival."""
        dates = _DATES.format("")

        def condition(table: str) -> str | None:
            if CONTACTS in model.dependencies and table != CONTACTS and self._has(table, "contact_key"):
                return _OF_CONTACTS
            return dates if self._has(table, "business_date") else None

        self._replace(model, dates, condition)

    def _has(self, table: str, column: str) -> bool:
        """Whether a table is rebuilt in parts and has a column."""
        found = self.models.get(table)
        return found is not None and found.window is not None and column in [c.name for c in found.columns]

    def _merge_span(self, model: Model, touched: list[Window]) -> None:
        if model.table == JOURNEYS:
            taken = self._calls_around(self._calls_around(touched))
            read = self._calls_around(self._calls_around(taken))
        else:
            taken, read = self._own_reach(model, touched)
        inside = _meets(model, taken)
        if model.table == JOURNEYS:
            self._note_contacts(inside)
        self._replace(model, inside, self._within(read))
        if model.table == JOURNEYS:
            self._note_contacts(inside)

    def _merge_contacts(self, model: Model, touched: list[Window]) -> None:
        notes = "build.touched_contacts"
        read: list[Window] = []
        if touched:
            taken = self._calls_around(self._calls_around(touched))
            self._note_contacts(_meets(self.models[JOURNEYS], taken))
            read = self._calls_around(self._calls_around(taken))
        if model.table == CONTACTS:
            self._note_people()
            notes = "build.touched_people"
        mine = f"contact_key in (select contact_key from {notes})"
        within = self._within(read)

        def conditions(table: str) -> str | None:
            if self._has(table, "contact_key") or table in (JOURNEYS, PEOPLE):
                return mine
            if table == "staging.calls":
                return mine.replace("contact_key", _KEY_OF_CALL, 1)
            return within(table)

        # By the notes, which hold the contacts that are no more, too.
        self._note_dates(model, mine)
        self._replace(model, mine, conditions)
        self._note_dates(model, mine)

    def _merge_agents(self, model: Model, touched: list[Window]) -> None:
        """Stretches of the agents who did something: from the last moment before it at which they were in no state."""
        self.con.execute(_TOUCHED_AGENTS.format(first=_sql(touched[0][0]), last=_sql(touched[-1][1])))
        first = self.con.execute("select min(from_at) from build.touched_agents").fetchall()[0][0]
        if first is not None:
            self._replace(model, _AGENTS.format(""), self._within([(first, EVER[1])]))

    def _merge_onwards(self, model: Model) -> None:
        self._note_since()
        since: date | None = self.con.execute("select min(from_date) from build.touched_since").fetchall()[0][0]
        if since is not None:
            conditions = {
                CONTACTS: _SINCE.format(""),
                "core.queue_visits": _HANDLED.format(""),
                "core.ring_attempts": f"ended_at >= date '{since}' - 1",
                "core.agent_switches": f"coalesce(ended_at >= date '{since}' - 1, true)",
            }
            self._replace(model, _SINCE.format(""), conditions.get)

    def _note_since(self) -> None:
        """The first day that may have changed: what an event begins may go on, and a month later it may matter."""
        touched = self.touched()
        first = f", timezone(getvariable('timezone'), {_sql(touched[0][0])})::date" if touched else ""
        self.con.execute(
            "insert into build.touched_since select least((select min(business_date) from build.touched_dates),"
            " (select max(business_date) from kpi.agent_day), (select max(business_date) from kpi.repeat_day)"
            f"{first}) - 32"
        )

    def _within(self, read: list[Window]) -> Conditions:
        """Which rows of a table that is rebuilt by time have to be read."""

        def condition(table: str) -> str | None:
            found = self.models.get(table)
            return _meets(found, read) if found is not None and found.span is not None else None

        return condition

    def _replace(self, model: Model, rows: str, conditions: Conditions) -> None:
        """Puts new rows of a condition into the place of those that are there, made of what conditions leave."""
        columns = ", ".join(f'"{column.name}"' for column in model.columns)
        text = self._scoped(model, conditions)
        self.con.execute(
            f"create or replace temp table remade as select {columns} from (\n{text}\n) as made where {rows}"
        )
        self.con.execute(f"delete from {model.table} where {rows}")
        self.con.execute(f"insert into {model.table} by name select * from remade")
        self.con.execute("drop table remade")

    def _scoped(self, model: Model, conditions: Conditions) -> str:
        """A model's SQL that reads, of each table, what its condition leaves."""
        return self._narrow(model.sql, model.dependencies, conditions)

    def _narrow(self, text: str, tables: Iterable[str], conditions: Conditions) -> str:
        for table in tables:
            scope = self._scope(table, conditions)
            if scope != table:
                text = re.sub(rf"\b{re.escape(table)}\b", scope, text)
        return text

    def _scope(self, table: str, conditions: Conditions) -> str:
        """The name of a relation that holds what a condition leaves of a table; the table's own where it leaves all."""
        found, condition = self.models.get(table), conditions(table)
        if found is None or (condition is None and not found.is_view):
            return table
        text = self._scoped(found, conditions) if found.is_view else f"select * from {table}"
        if condition is not None:
            text = f"select * from (\n{text}\n) as whole where {condition}"
        if table == PEOPLE:
            text += _OTHER_CONTACTS_OF_THE_SAME_PEOPLE.format(scoped=text)
        name = f"scoped__{table.replace('.', '__')}"
        self.con.execute(f"create or replace temp view {name} as {text}")
        return name

    # --- how far it reaches ----------------------------------------------------------------------------------

    def _own_reach(self, model: Model, touched: list[Window]) -> tuple[list[Window], list[Window]]:
        """Of a table of one row or more per key: where its rows may change, and what has to be read for it."""
        key = model.header("key")
        assert key is not None
        assert model.span is not None
        first, last = model.span
        keys = " union ".join(
            f"select {key} from {table} where {_meets(self.models[table], touched)}"
            for table in (*[d for d in model.dependencies if d in self.models and self.models[d].span], model.table)
        )
        taken = self._joined(f"select {first}, {last} from {model.table} where {key} in ({keys})", touched)
        return taken, self._joined(f"select {first}, {last} from {model.table} where {_meets(model, taken)}", taken)

    def _calls_around(self, windows: list[Window]) -> list[Window]:
        """Stretches of time, made wide enough to hold all of each call that meets them."""
        channels, calls, journeys = (_meets(self.models[table], windows) for table in (CHANNELS, CALLS, JOURNEYS))
        moved = _meets_columns(("entered_at", "last_event_at"), windows)
        spans = _SPANS_OF_CALLS.format(channels=channels, calls=calls, journeys=journeys, moved=moved)
        return self._joined(spans, windows)

    def joined(self, windows: Iterable[Window]) -> list[Window]:
        """Stretches of time in order, those that meet or nearly do as one."""
        nothing = "select cast(null as timestamptz), cast(null as timestamptz) where false"
        return self._joined(nothing, windows)

    def _joined(self, spans: str, windows: Iterable[Window] = ()) -> list[Window]:
        """Stretches that a query gives and others, in order, joined where they meet or nearly do."""
        given = "".join(f" union all select {_sql(first)}, {_sql(last)}" for first, last in windows)
        found = self.con.execute(_JOINED.format(spans=f"({spans}){given}")).fetchall()
        return (
            [(found[0][0], max(row[1] for row in found))]
            if len(found) > MANY_WINDOWS
            else [(r[0], r[1]) for r in found]
        )

    def _note_contacts(self, journeys: str) -> None:
        self.con.execute(
            f"insert into build.touched_contacts select contact_key from {JOURNEYS} where {journeys}"
            " except select contact_key from build.touched_contacts"
        )

    def _note_dates(self, model: Model, rows: str) -> None:
        if "business_date" in [column.name for column in model.columns]:
            self.con.execute(
                f"insert into build.touched_dates select business_date from {model.table} where {rows}"
                " except select business_date from build.touched_dates"
            )

    def _note_people(self) -> None:
        """The touched contacts, those whose number has another owner now, and the next ones of the same people."""
        self.con.execute(
            "create or replace temp table direct as select contact_key from build.touched_contacts"
            " union select contact_key from build.touched_people"
            f" union select contact_key from {JOURNEYS}"
            " where caller_number in (select number from build.touched_numbers)"
            f" union select {_KEY_OF_CALL} from staging.calls"
            " where caller_number in (select number from build.touched_numbers)"
        )
        mine = {JOURNEYS: _DIRECT, "staging.calls": _DIRECT.replace("contact_key", _KEY_OF_CALL, 1)}
        people = self._scoped(self.models[PEOPLE], mine.get)
        self.con.execute(_NEXT_CONTACTS.format(people=people, mine=_DIRECT))
        self.con.execute("drop table direct")


def _meets(model: Model, windows: list[Window]) -> str:
    """Whether a row's stretch of time meets any of some windows."""
    assert model.span is not None
    return _meets_columns(model.span, windows)


def _meets_columns(columns: tuple[str, str], windows: list[Window]) -> str:
    first, last = columns
    parts = [f"({last} >= {_sql(window[0])} and {first} <= {_sql(window[1])})" for window in windows]
    return f"({' or '.join(parts)})" if parts else "false"


def _sql(instant: datetime) -> str:
    return f"timestamptz '{instant.astimezone(UTC).isoformat()}'"


# Windows nearer to each other than an hour are one: each widens by the calls around it anyway.
_JOINED = """
with ordered as (
    select
        *,
        max(to_at) over (order by from_at, to_at rows between unbounded preceding and 1 preceding) as covered_until_at,
    from ({spans}) as spans(from_at, to_at)
),
numbered as (
    select
        *,
        sum(case when covered_until_at is null or from_at > covered_until_at + interval 1 hour then 1 else 0 end)
            over (order by from_at, to_at rows unbounded preceding) as window_number,
    from ordered
)
select min(from_at), max(to_at) from numbered group by window_number order by 1
"""

# Who did something then, and who was in a state: since when, without a break, if so; else since then.
_TOUCHED_AGENTS = """
insert into build.touched_agents
with stretches as (
    select
        agent,
        started_at,
        coalesce(ended_at, timestamptz '2300-01-01 00:00:00+00') as ended_at,
        max(coalesce(ended_at, timestamptz '2300-01-01 00:00:00+00')) over (
            partition by agent order by started_at, ended_at rows between unbounded preceding and 1 preceding
        ) as covered_until_at,
    from core.agent_switches
),
begins as (
    select
        *,
        max(case when covered_until_at is null or started_at > covered_until_at then started_at end) over (
            partition by agent order by started_at, ended_at rows unbounded preceding
        ) as begun_at,
    from stretches
),
found as (
    select agent, begun_at as from_at from begins where ended_at >= {first} and started_at <= {last}
    union all
    select coalesce(n.agent, q.agent), {first}
    from staging.asterisk_queue_log as q
    left join core._asterisk_agents as n on q.agent = n.written
    where q.event_at between {first} and {last} and q.agent is not null
)
select agent, least(min(from_at), {first}) from found group by agent
"""

# A linkedid's channels and their calls, the calls and contacts themselves, and waiting calls that changed their id.
_SPANS_OF_CALLS = """
with linked as (select linkedid from staging.asterisk_channels where {channels} group by linkedid),
members as (
    select c.uniqueid, c.seen_from_at, c.seen_to_at
    from staging.asterisk_channels as c semi join linked as l on c.linkedid = l.linkedid
)
select seen_from_at, seen_to_at from members
union all
select first_event_at, last_event_at from core._asterisk_calls where {calls}
union all
select c.first_event_at, c.last_event_at from core._asterisk_calls as c semi join members as m on c.callid = m.uniqueid
union all
select seen_from_at, seen_to_at from core._asterisk_journeys where {journeys}
union all
select j.seen_from_at, j.seen_to_at from core._asterisk_journeys as j semi join linked as l on j.linked_id = l.linkedid
union all
select entered_at, last_event_at from core._asterisk_moved where {moved}
"""

_OTHER_CONTACTS_OF_THE_SAME_PEOPLE = """
union all by name
select contact_key, arrived_at, customer_key, caller_token
from core.contacts
where
    contact_key not in (select contact_key from build.touched_people)
    and coalesce(customer_key, caller_token) in (
        select coalesce(customer_key, caller_token)
        from ({scoped}) as mine
        where coalesce(customer_key, caller_token) is not null
    )
"""

# A contact repeats one of at most thirty days before: a day more, for the borders.
_NEXT_CONTACTS = """
insert into build.touched_people
with moments as (
    select coalesce(customer_key, caller_token) as person, arrived_at from core.contacts where {mine}
    union all
    select coalesce(customer_key, caller_token), arrived_at from ({people}) as people where {mine}
),
people as (
    select person, min(arrived_at) as from_at, max(arrived_at) + to_days(31) as to_at
    from moments where person is not null group by person
),
reached as (
    select contact_key from direct
    union
    select c.contact_key
    from core.contacts as c
    inner join people as p
        on coalesce(c.customer_key, c.caller_token) = p.person and c.arrived_at between p.from_at and p.to_at
)
select contact_key from reached except select contact_key from build.touched_people
"""
