"""All contracts, by table. Nothing else belongs here."""

from __future__ import annotations

from pipelines.contracts.agents import AgentStates, RingAttempts
from pipelines.contracts.base import Contract
from pipelines.contracts.contacts import Contacts, QueueVisits, Segments
from pipelines.contracts.customers import Customers, Orders, Surveys
from pipelines.contracts.outbound import ActionOutcomes, Agents, CampaignAttempts, Cases, Schedules
from pipelines.contracts.raw import (
    RawActionOutcomes,
    RawAgents,
    RawAsteriskCdr,
    RawAsteriskCel,
    RawAsteriskQueueLog,
    RawCalls,
    RawCampaignAttempts,
    RawCases,
    RawCustomers,
    RawOrders,
    RawSchedules,
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
    RawCases,
    RawCampaignAttempts,
    RawAgents,
    RawSchedules,
    RawActionOutcomes,
    Contacts,
    QueueVisits,
    Segments,
    AgentStates,
    RingAttempts,
    Customers,
    Orders,
    Surveys,
    Cases,
    CampaignAttempts,
    ActionOutcomes,
    Agents,
    Schedules,
)
CONTRACT_OF: dict[str, type[Contract]] = {contract.table: contract for contract in CONTRACTS}
