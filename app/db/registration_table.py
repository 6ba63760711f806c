"""The table of registrations (conventions: ``app.db.tables``)."""

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

__all__ = ["RegistrationRow"]


class RegistrationRow(SQLModel, table=True):
    """Where a phone is registered (``sipcore.binding.Binding``), written behind; the live core's memory is the authority.

    ``transport``, ``host``, ``port``, ``listener``: where its REGISTER came from, and to which of our listeners.
    """

    __tablename__: ClassVar[Any] = "registrations"
    ruid: str = Field(primary_key=True, max_length=64)
    aor: str = Field(sa_type=sa.Text)
    contact: str = Field(sa_type=sa.Text)
    expires_at: int = Field(sa_type=sa.BigInteger, index=True)
    q: float
    call_id: str = Field(sa_type=sa.Text)
    cseq: int = Field(sa_type=sa.BigInteger)
    path: str = Field(sa_type=sa.Text)  # its entries, one a line
    user_agent: str = Field(sa_type=sa.Text)
    instance: str = Field(sa_type=sa.Text)
    reg_id: int
    transport: str = Field(max_length=8)
    host: str = Field(max_length=64)
    port: int
    listener: int
    updated_at: int = Field(sa_type=sa.BigInteger)
