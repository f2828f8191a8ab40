"""All contracts, by table. Nothing else belongs here."""

from __future__ import annotations

from pipelines.contracts.agents import AgentStates, RingAttempts
from pipelines.contracts.base import Contract
from pipelines.contracts.contacts import Contacts, QueueVisits, Segments
from pipelines.contracts.customers import Customers, Orders, Surveys
from pipelines.contracts.raw import (
    RawAsteriskCdr,
    RawAsteriskCel,
    RawAsteriskQueueLog,
    RawCalls,
    RawCustomers,
    RawOrders,
    RawSurveys,
)

CONTRACTS: tuple[type[Contract], ...] = (
    RawAsteriskQueueLog,
    RawAsteriskCdr,
    RawAsteriskCel,
    RawCalls,
    RawCustomers,
    RawOrders,
    RawSurveys,
    Contacts,
    QueueVisits,
    Segments,
    AgentStates,
    RingAttempts,
    Customers,
    Orders,
    Surveys,
)
CONTRACT_OF: dict[str, type[Contract]] = {contract.table: contract for contract in CONTRACTS}
