"""The business reasons given with a score, their words, and whether an agent may say them aloud.

Here: codes and words. Not here: which reason applies to whom (the model's scoring).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """One reason.

    Attributes:
        code: Short code, as published.
        en: English words for an agent.
        zh: Chinese words for an agent.
        is_spoken: False where saying it to the customer would be indiscreet.
    """

    code: str
    en: str
    zh: str
    is_spoken: bool


# A group of features pushes the risk up or down; its code says which, as `<group>_up` or `<group>_down`.
_GROUPS: tuple[tuple[str, str, str, bool], ...] = (
    ("purchase_rhythm", "time since the last purchase", "距上次购买的时间", True),
    ("purchase_frequency", "number of purchases", "购买次数", True),
    ("spend", "spend", "消费金额", False),
    ("tenure", "length of the relationship", "合作时长", True),
    ("returns", "returned orders", "退货", True),
    ("contact_frequency", "number of contacts", "联系次数", True),
    ("transfers", "transfers between agents", "转接次数", True),
    ("repeat_contacts", "repeated contacts", "重复来电", True),
    ("survey_answers", "survey answers", "问卷评分", False),
    ("contract", "time until the contract ends", "合同到期时间", True),
)

GROUPS: tuple[str, ...] = tuple(group[0] for group in _GROUPS)

_RULE_REASONS: tuple[Reason, ...] = (
    Reason("rule_overdue", "Rule: a purchase is overdue", "规则：已超过通常的购买间隔", True),
    Reason("rule_on_time", "Rule: buys in the usual rhythm", "规则：按通常节奏购买", True),
    Reason("rule_single_purchase", "Rule: has bought only once", "规则：仅购买过一次", True),
    Reason("rule_slow_rhythm", "Rule: buys seldom", "规则：购买间隔较长", True),
    Reason("rule_lapsed", "Rule: no purchase for a long time", "规则：长期未购买", False),
    Reason("rule_contract_ending", "Rule: the contract ends soon", "规则：合同即将到期", True),
    Reason("rule_contract_running", "Rule: the contract runs on", "规则：合同有效期内", True),
)


def _grouped() -> tuple[Reason, ...]:
    reasons = []
    for group, en, zh, is_spoken in _GROUPS:
        reasons.append(Reason(f"{group}_up", f"Raises the risk of leaving: {en}", f"流失风险升高：{zh}", is_spoken))
        reasons.append(Reason(f"{group}_down", f"Lowers the risk of leaving: {en}", f"流失风险降低：{zh}", is_spoken))
    return tuple(reasons)


REASONS: dict[str, Reason] = {reason.code: reason for reason in (*_grouped(), *_RULE_REASONS)}
