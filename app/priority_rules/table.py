"""The priority rules in force: what a caller's number and an INVITE's headers add to a call's priority and requirements.

Every rule that matches counts: priorities are added up, of a skill required twice the higher level counts. A caller's
number is found by look-up, so that a table of many thousand numbers costs a call nothing.
"""

from collections.abc import Callable
from typing import Final

from app.configuration import PriorityRule
from queues.rules.requirements import Requirement

__all__ = ["PriorityTable"]

_MOST: Final = 1000
"""Points: no call has more, up or down, whatever its headers say."""

HeaderOf = Callable[[str], str | None]
Found = tuple[int, tuple[Requirement, ...]]


class PriorityTable:
    __slots__ = ("_callers", "_headers", "_prefix_lengths", "_prefixes", "_rules")

    def __init__(self) -> None:
        self._rules: dict[str, PriorityRule] = {}
        self._callers: dict[str, list[PriorityRule]] = {}
        self._prefixes: dict[str, list[PriorityRule]] = {}
        self._prefix_lengths: list[int] = []
        self._headers: list[PriorityRule] = []

    def put(self, rule: PriorityRule) -> None:
        self._forget(rule.id)
        self._rules[rule.id] = rule
        if rule.caller is not None:
            self._callers.setdefault(rule.caller, []).append(rule)
        elif rule.caller_prefix is not None:
            self._prefixes.setdefault(rule.caller_prefix, []).append(rule)
        else:
            self._headers.append(rule)
        self._measure()

    def drop(self, rule_id: str) -> None:
        self._forget(rule_id)
        self._measure()

    def apply(
        self, queue: str, caller: str, header_of: HeaderOf, priority: int, requirements: tuple[Requirement, ...]
    ) -> Found:
        """The priority and requirements of a call to ``queue`` (its id) that would enter with these."""
        if not self._rules:
            return priority, requirements
        levels = {need.skill: need.min_level for need in requirements}
        for rule in self._candidates(caller):
            points = _points(rule, header_of) if rule.queue in (None, queue) else None
            if points is not None:
                priority += points
                for need in rule.requirements:
                    levels[need.skill] = max(need.min_level, levels.get(need.skill, 0))
        return max(-_MOST, min(priority, _MOST)), tuple(Requirement(skill, level) for skill, level in levels.items())

    def _candidates(self, caller: str) -> list[PriorityRule]:
        found = [*self._callers.get(caller, ()), *self._headers]
        for length in self._prefix_lengths:
            if length <= len(caller):
                found += self._prefixes.get(caller[:length], ())
        return found

    def _forget(self, rule_id: str) -> None:
        rule = self._rules.pop(rule_id, None)
        if rule is None:
            return
        for rules, key in ((self._callers, rule.caller), (self._prefixes, rule.caller_prefix)):
            if key is not None:
                rules[key].remove(rule)
                if not rules[key]:
                    del rules[key]
        if rule.header is not None:
            self._headers.remove(rule)

    def _measure(self) -> None:
        self._prefix_lengths = sorted({len(prefix) for prefix in self._prefixes})


def _points(rule: PriorityRule, header_of: HeaderOf) -> int | None:
    """What the rule adds to the call's priority; None: it does not match."""
    if rule.header is None:
        return rule.priority
    value = header_of(rule.header)
    if value is None or (rule.value is not None and value.strip() != rule.value):
        return None
    return rule.priority if rule.priority is not None else _number(value)


def _number(value: str) -> int | None:
    text = value.strip()
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 6:
        return None
    return max(-_MOST, min(int(text), _MOST))
