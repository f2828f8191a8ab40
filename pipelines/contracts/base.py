"""What a contract is made of: columns, rules, and the class that holds them.

Belongs here: the words in which contracts are written, and how a column's promises become SQL conditions.
Does not belong here: any one table's promises, DuckDB connections, Great Expectations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from pipelines.contracts.vocabulary import sql_list

Severity = Literal["fail", "warn"]

# The names DuckDB prints for the short names that contracts use.
_LONG_TYPES = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}


@dataclass(frozen=True)
class Column:
    """One promised column.

    Attributes:
        name: The column's name.
        type: DuckDB type, or several between bars ("BIGINT | INTEGER"); None where the type is not promised.
        nullable: Whether null may stand in it.
        values: The only values allowed besides null.
        minimum: Smallest value allowed, as a SQL literal ("0").
        maximum: Largest value allowed, as a SQL literal.
        severity: Whether a wrong value (`values`, `minimum`, `maximum`) stops a publish.
        meaning: A sentence on wrong values, instead of the one made from the declaration.
    """

    name: str
    type: str | None = None
    nullable: bool = True
    values: tuple[str, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    severity: Severity = "fail"
    meaning: str | None = None

    @property
    def types(self) -> frozenset[str]:
        """The type names that DuckDB may report; empty where any type will do."""
        names = self.type.split("|") if self.type else []
        return frozenset(_LONG_TYPES.get(name.strip(), name.strip()) for name in names)

    def rules(self) -> Iterator[Rule]:
        """The column's own promises as rules."""
        if not self.nullable:
            yield Rule(f"{self.name}_not_null", f"{self.name} is not null", f"{self.name} is always known.")
        if self.values:
            meaning = self.meaning or f"{self.name} is one of {', '.join(self.values)}."
            yield Rule(f"{self.name}_values", f"{self.name} in {sql_list(self.values)}", meaning, self.severity)
        bounds = [("at least", ">=", self.minimum), ("at most", "<=", self.maximum)]
        given = [(words, sign, bound) for words, sign, bound in bounds if bound is not None]
        if given:
            condition = " and ".join(f"{self.name} {sign} {bound}" for _, sign, bound in given)
            said = " and ".join(f"{words} {bound}" for words, _, bound in given)
            yield Rule(f"{self.name}_range", condition, self.meaning or f"{self.name} is {said}.", self.severity)


@dataclass(frozen=True)
class Rule:
    """One promise about every row.

    Attributes:
        name: The check's name, unique within its table.
        condition: SQL that is true of a good row. As in a SQL CHECK, null means "cannot be said" and passes.
        meaning: One sentence for whoever reads the failure.
        severity: "fail" stops a publish, "warn" is shown and counted.
    """

    name: str
    condition: str
    meaning: str
    severity: Severity = "fail"


class Contract:
    """What one table promises. A subclass a table; the class is the contract, never an instance.

    Attributes:
        table: The table's name with its schema.
        columns: The promised columns; the table may have more.
        key: Columns that together name a row, no two rows alike; empty where the table has no such key.
        shown: Columns that tell a reader which row is meant, where there is no key.
        row_rules: Promises that span columns.
    """

    table: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    key: ClassVar[tuple[str, ...]] = ()
    shown: ClassVar[tuple[str, ...]] = ()
    row_rules: ClassVar[tuple[Rule, ...]] = ()

    @classmethod
    def rules(cls) -> tuple[Rule, ...]:
        """Every rule a row must obey: those of the columns, then those between them."""
        own = [rule for column in cls.columns for rule in column.rules()]
        return (*own, *cls.row_rules)

    @classmethod
    def form(cls) -> str:
        """Changes when a promise does."""
        return hashlib.sha256(repr((cls.columns, cls.key, cls.row_rules)).encode()).hexdigest()[:16]

    @classmethod
    def naming_columns(cls) -> tuple[str, ...]:
        """The columns by which a failure names a row."""
        return cls.key or cls.shown


def text(name: str, *, nullable: bool = True, values: tuple[str, ...] = (), severity: Severity = "fail") -> Column:
    """A VARCHAR column."""
    return Column(name, "VARCHAR", nullable, values, severity=severity)


def uuid(name: str, *, nullable: bool = True) -> Column:
    """A key made of a hash."""
    return Column(name, "UUID", nullable)


def flag(name: str, *, nullable: bool = True) -> Column:
    """A BOOLEAN column."""
    return Column(name, "BOOLEAN", nullable)


def instant(name: str, *, nullable: bool = True) -> Column:
    """A UTC instant. An epoch of zero, a clock never set, is refused."""
    earliest = "timestamptz '1980-01-01 00:00:00+00'"
    meaning = f"{name} is a real date: a clock that was never set says 1970."
    return Column(name, "TIMESTAMPTZ", nullable, minimum=earliest, meaning=meaning)


def seconds(name: str) -> Column:
    """A duration in seconds: null where unknown, never negative, infinite or NaN."""
    # DuckDB holds NaN greater than any number: only an upper bound refuses it. This one is 31 years.
    meaning = f"{name} is a duration: a number that is not negative."
    return Column(name, "DOUBLE", minimum="0", maximum="1e9", meaning=meaning)


def count(name: str) -> Column:
    """A count, always known, never negative."""
    return Column(name, "BIGINT", nullable=False, minimum="0")
