"""Who asks: what a stored key allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.auth.keys import Scope
from app.db.tables import ApiKeyRow

__all__ = ["Caller", "caller_of"]

_IMPLIED: Final[Mapping[str, frozenset[str]]] = {
    "admin": frozenset({"admin", "supervisor", "read"}),
    "supervisor": frozenset({"supervisor", "read"}),
    "agent": frozenset({"agent"}),
    "read": frozenset({"read"}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``agent_id``: the agent that a key of scope ``agent`` speaks for."""

    key_id: str
    name: str
    scopes: frozenset[str]
    agent_id: str | None = None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def is_agent(self, agent_id: str) -> bool:
        return "agent" in self.scopes and self.agent_id == agent_id


def caller_of(row: ApiKeyRow) -> Caller:
    scopes = frozenset[str]().union(*(_IMPLIED.get(scope, frozenset()) for scope in row.scopes))
    return Caller(row.id, row.name, scopes, row.agent_id)
