"""From what a router knows of a caller to an answer. `callwright score` and the service both come here.

Not here: HTTP (service.py), the files (store.py), what an answer holds (contract.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lmdb

from pipelines.identity import MAX_TEXT_CHARS, caller_token, customer_key, load_key, normalise_number
from pipelines.router.contract import DefaultTreatment, Score, answer, default_score
from pipelines.router.store import Found, ScoreStore

CUSTOMER_PREFIX = "customer:"
"""Marks an id of the CRM. Without it the digits of an internal extension could be taken for a customer."""

_log = logging.getLogger(__name__)


class Lookup:
    """Answers for numbers and customers from the scores in force."""

    def __init__(self, home: Path, *, region: str, treatment: DefaultTreatment) -> None:
        """Open the home's secret and its published scores.

        Args:
            home: The centre's home.
            region: Two letters of the country whose national numbers are meant (`settings.centre.region`).
            treatment: What an unknown caller gets.

        Raises:
            CallwrightError: The home has no usable secret.
        """
        self.store = ScoreStore(home)
        self._key = load_key(home)
        self._region = region
        self._treatment = treatment
        normalise_number("", region)  # an unknown region is an error now, not while a caller waits

    def answer(self, who: str, *, from_url: bool = False) -> Score:
        """The answer for one caller. Never fails: what cannot be found or read is the default treatment.

        Args:
            who: A number in any written form, a customer_key, or `customer:` and the CRM's id.
            from_url: The text came in a URL, where a leading space is a plus sign that was not escaped.
        """
        try:
            found = self._find(who, from_url=from_url)
            if found.record is None or found.customer_key is None or found.version is None:
                return default_score(self._treatment, version=found.version, customer_key=found.customer_key)
            return answer(found.customer_key, found.record, version=found.version, treatment=self._treatment)
        except (lmdb.Error, OSError, ValueError, KeyError, TypeError) as error:
            # The caller on the line matters more than our fault. The kind only: a message may hold a number.
            _log.error("look-up failed (%s): default treatment", type(error).__name__)
            return default_score(self._treatment, version=self.store.version)

    def _find(self, who: str, *, from_url: bool) -> Found:
        if len(who) > MAX_TEXT_CHARS:
            return Found(self.store.version, None, None)
        if who.startswith(CUSTOMER_PREFIX):
            customer_id = who.removeprefix(CUSTOMER_PREFIX).strip()
            key = customer_key(customer_id, self._key) if customer_id else None
            return self.store.find(customer_key=key)
        e164 = self._number(who, from_url=from_url)
        if e164 is not None:
            return self.store.find(token=caller_token(e164, self._key))
        return self.store.find(customer_key=who.strip())

    def _number(self, who: str, *, from_url: bool) -> str | None:
        if from_url and who.startswith(" "):
            e164 = normalise_number("+" + who.strip(), self._region)
            if e164 is not None:
                return e164
        return normalise_number(who, self._region)


def score_numbers(
    home: Path, numbers: Iterable[str], *, region: str, treatment: DefaultTreatment
) -> list[dict[str, Any]]:
    """The answers for numbers, as `callwright score` prints them.

    Args:
        home: The centre's home.
        numbers: Numbers in any written form (or what `Lookup.answer` takes beside them).
        region: `settings.centre.region`.
        treatment: `DefaultTreatment.from_settings(settings.router)`.

    Returns:
        One object a number in the order given: `number` as written, then the fields of the contract.

    Raises:
        CallwrightError: The home has no usable secret.
    """
    lookup = Lookup(home, region=region, treatment=treatment)
    return [{"number": number, **lookup.answer(number).as_dict()} for number in numbers]
