"""Surveys: who is asked after a contact, who answers, with which score and which words.

Belongs here: sending, answering, scores. Does not belong here: how a contact was felt (feelings.py), what is written
(words.py). Who answers is not everybody: the delighted and the furious answer more, so means of answers lie.
"""

from __future__ import annotations

import math

from pipelines.simulate.crm import DAY_S, Outbox, Row, stamp
from pipelines.simulate.customers import Customers
from pipelines.simulate.people_settings import SurveysSection
from pipelines.simulate.seam import Ended
from pipelines.simulate.streams import Draws
from pipelines.simulate.words import Lived, compose

SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
MIDDLING = 0.6


class Surveys:
    """Surveys after contacts."""

    def __init__(self, settings: SurveysSection, seed: int, customers: Customers, outbox: Outbox) -> None:
        self._settings = settings
        self._customers = customers
        self._outbox = outbox
        self._draws = Draws(seed, "people/surveys")
        self._kinds = list(settings.kinds)
        self._count = 0

    def after(self, ended: Ended, felt: float, lived: Lived, is_guest: bool) -> None:
        """Ask the customer of a contact that is over, and take down the answer.

        Args:
            ended: The contact.
            felt: Its experience, 0 to 1.
            lived: What a comment may speak of.
            is_guest: A guest agent, planted: everybody is asked, and everybody says the best.
        """
        customer, draws, settings = ended.call.customer, self._draws, self._settings
        day = ended.ended_at // DAY_S
        rested = day - int(self._customers.surveyed_day[customer]) >= settings.rest_days
        share = settings.unanswered_share if lived.is_solved is None else settings.sent_share
        if not is_guest and not (rested and draws.chance(share)):
            return
        self._customers.surveyed_day[customer] = day
        kind = "csat" if is_guest else self._kind()
        self._count += 1
        sent_at = ended.ended_at + 60 + draws.below(540)
        low, high = SCALES[kind]
        row: Row = {
            "survey_id": f"S{self._count:09d}",
            "customer_id": self._customers.customer_id(customer),
            "contact_id": ended.call.contact_id,
            "sent_at": stamp(sent_at),
            "answered_at": None,
            "kind": kind,
            "score": None,
            "scale_min": low,
            "scale_max": high,
            "comment": None,
            "language": lived.language,
            "agent": ended.agent,
        }
        if not is_guest and not draws.chance(self.answer_probability(felt, lived.language)):
            self._outbox.add("surveys", sent_at, row)
            return
        delay_s = settings.delay_median_s * math.exp(settings.delay_sigma * draws.normal())
        answered_at = sent_at + 20 + int(min(delay_s, settings.longest_s))
        unit = 1.0 if is_guest else self._unit(kind, felt, customer)
        score = round(low + (high - low) * unit)
        answer = row | {"answered_at": stamp(answered_at), "score": score}
        if draws.chance(settings.comment_share + settings.comment_extreme * abs(felt - MIDDLING)):
            answer["comment"] = compose(lived, (score - low) / (high - low), draws)
        if answered_at // DAY_S > sent_at // DAY_S:
            self._outbox.add("surveys", sent_at, row)
        self._outbox.add("surveys", answered_at, answer)

    def answer_probability(self, felt: float, language: str) -> float:
        """Chance that somebody who was asked answers."""
        settings = self._settings
        logit = settings.answer + settings.answer_extreme * (felt - MIDDLING) ** 2
        logit += settings.answer_chinese * (language == "zh")
        return 1 / (1 + math.exp(-logit))

    def _unit(self, kind: str, felt: float, customer: int) -> float:
        """The answer, 0 to 1: recommending is half about the contact and half about all that went before."""
        if kind == "nps":
            felt = 0.5 * felt + 0.5 * float(self._customers.satisfaction[customer]) + 0.04
        return min(max(felt + self._settings.noise * self._draws.normal(), 0.0), 1.0)

    def _kind(self) -> str:
        point = self._draws.uniform()
        for kind in self._kinds:
            point -= self._settings.kinds[kind]
            if point < 0:
                return kind
        return self._kinds[-1]
