"""The priority table: which rules match a call, and what they add."""

from app.configuration import PriorityRule
from app.priority_rules.table import PriorityTable
from queues.rules.requirements import Requirement

HEADERS = {"X-Tier": " gold ", "X-Points": "-7", "X-Word": "seven", "X-Many": "99999"}


def table(*rules: PriorityRule) -> PriorityTable:
    found = PriorityTable()
    for rule in rules:
        found.put(rule)
    return found


def points(rules: PriorityTable, caller: str = "100", queue: str = "q", priority: int = 0) -> int:
    return rules.apply(queue, caller, HEADERS.get, priority, ())[0]


def test_numbers_and_how_they_begin() -> None:
    rules = table(
        PriorityRule("1", "exact", 5, caller="+49301234"),
        PriorityRule("2", "berlin", 3, caller_prefix="+4930"),
        PriorityRule("3", "germany", 1, caller_prefix="+49"),
        PriorityRule("4", "all of it", 10, caller_prefix="+49301234567"),
    )
    assert points(rules, "+49301234") == 9
    assert points(rules, "+49301", priority=2) == 6
    assert points(rules, "+49891") == 1
    assert points(rules, "100") == 0
    rules.drop("2")
    rules.put(PriorityRule("3", "germany", -2, caller_prefix="+49"))
    assert points(rules, "+49301") == -2


def test_headers_by_value_by_presence_and_by_the_number_they_hold() -> None:
    assert points(table(PriorityRule("1", "gold", 4, header="X-Tier", value="gold"))) == 4
    assert points(table(PriorityRule("1", "silver", 4, header="X-Tier", value="silver"))) == 0
    assert points(table(PriorityRule("1", "any", 4, header="X-Tier"))) == 4
    assert points(table(PriorityRule("1", "absent", 4, header="X-None"))) == 0
    assert points(table(PriorityRule("1", "number", None, header="X-Points"))) == -7
    assert points(table(PriorityRule("1", "word", None, header="X-Word"))) == 0
    assert points(table(PriorityRule("1", "too many", None, header="X-Many")), priority=900) == 1000


def test_a_queue_of_its_own_and_requirements() -> None:
    rules = table(
        PriorityRule("1", "a", 4, caller="100", queue="q", requirements=(Requirement("french", 3),)),
        PriorityRule("2", "b", 0, caller_prefix="1", requirements=(Requirement("french", 5), Requirement("law"))),
    )
    own = (Requirement("french", 4),)
    assert rules.apply("q", "100", HEADERS.get, 0, own) == (4, (Requirement("french", 5), Requirement("law")))
    assert rules.apply("other", "100", HEADERS.get, 0, ())[0] == 0
    assert table().apply("q", "100", HEADERS.get, 3, own) == (3, own)
    rules.drop("1")
    rules.drop("2")
    assert rules.apply("q", "100", HEADERS.get, 3, own) == (3, own)
