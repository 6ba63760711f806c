"""A registered contact as REST shows it."""

from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel

from sipcore.binding import Binding

__all__ = ["RegisteredContact", "Registration"]


class RegisteredContact(BaseModel):
    """``id`` names it until it goes, through all refreshes."""

    id: str
    contact: str
    q: float
    expires_at: datetime
    expires_seconds: int
    updated_at: datetime
    received_from: str
    behind_nat: bool
    path: list[str]
    user_agent: str
    instance: str | None
    reg_id: int | None
    call_id: str
    cseq: int

    @classmethod
    def of(cls, binding: Binding, now: float) -> Self:
        hop = binding.source.hop
        host = f"[{hop.host}]" if ":" in hop.host else hop.host
        return cls(
            id=binding.ruid,
            contact=binding.contact,
            q=binding.q,
            expires_at=_instant(binding.expires_at),
            expires_seconds=max(0, round(binding.expires_at - now)),
            updated_at=_instant(binding.updated_at),
            received_from=f"{hop.transport.lower()}:{host}:{hop.port}",
            behind_nat=binding.behind_nat(),
            path=list(binding.path),
            user_agent=binding.user_agent,
            instance=binding.instance or None,
            reg_id=binding.reg_id or None,
            call_id=binding.call_id,
            cseq=binding.cseq,
        )


class Registration(BaseModel):
    """An address-of-record with its contacts, the preferred one first."""

    aor: str
    contacts: list[RegisteredContact]


def _instant(seconds: float) -> datetime:
    """To the millisecond, as it is stored."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)
