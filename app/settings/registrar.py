"""Settings of the registrar."""

from typing import Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from app.setting_types import Networks, Texts
from sipcore.digest import ALGORITHMS

__all__ = ["RegistrarSettings"]


class RegistrarSettings(BaseModel):
    """Who may register, for how long, how it is kept and watched."""

    register_expires_min: int = Field(
        default=60, ge=1, description="Shortest registration granted, seconds; a shorter one gets 423."
    )
    register_expires_max: int = Field(default=3600, ge=60, description="Longest registration granted, seconds.")
    register_expires_default: int = Field(
        default=3600, ge=60, description="Registration granted to a phone that asks for no time, seconds."
    )
    register_digest: Texts = Field(
        default=ALGORITHMS,
        min_length=1,
        description="Digest algorithms that registering phones are asked for, the preferred one first. Some phones cannot "
        "register where any but `MD5` is named (baresip 1.0 is one): give `MD5` for these.",
    )
    register_trusted: Networks = Field(
        default=(),
        description="Addresses whose REGISTERs need no digest: a border controller that has asked for it. Whoever sends from "
        "there can register as anybody.",
    )
    register_nonce_seconds: float = Field(
        default=300.0,
        gt=0,
        description="How long a digest challenge can be answered; a later answer is asked for anew.",
    )
    register_nonces: int = Field(
        default=100_000,
        ge=1000,
        description="Digest nonces whose use is counted, so that nothing can be said twice. When more are in use at once, "
        "the oldest become stale early.",
    )
    register_max_contacts: int = Field(default=10, ge=1, description="Contacts of one user at once; one more gets 403.")
    register_replace_oldest: bool = Field(
        default=False, description="Instead of the 403, the contact that would expire first makes room."
    )
    register_max_bindings: int = Field(
        default=500_000, ge=1, description="Contacts registered at once, all users together; above it new ones get 503."
    )
    register_max_contact_bytes: int = Field(
        default=1024, ge=64, description="Longest Contact URI taken, its Path included; a longer one gets 400."
    )
    register_familiar_phones: int = Field(
        default=16_384,
        ge=0,
        description="Phones whose way of refreshing is remembered (1.5 KB each): the same REGISTER with a new branch, tag, "
        "CSeq number and credentials is answered without being read as a whole, for a third of the CPU.",
    )
    register_path: Literal["supported", "any"] = Field(
        default="supported",
        description="`supported`: a Path (RFC 3327) is taken only from phones that say `Supported: path`, others get 420; "
        "`any`: from all, as behind proxies whose phones know nothing of it.",
    )
    register_ping: Literal["nat", "all", "none"] = Field(
        default="nat", description="Which registered contacts are sent OPTIONS: those behind NAT, all, none."
    )
    register_ping_seconds: int = Field(default=30, ge=1, le=3600, description="Time between two OPTIONS to a contact.")
    register_ping_misses: int = Field(
        default=3, ge=1, description="Unanswered OPTIONS in a row after which a contact is removed."
    )
    register_flush_seconds: float = Field(
        default=0.5, gt=0, le=60, description="Longest time until a registration is in the database, where that is up."
    )
    register_flush_batch: int = Field(
        default=500, ge=1, le=10_000, description="Registrations written to the database in one transaction."
    )

    @field_validator("register_digest")
    @classmethod
    def _algorithms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name.upper() not in ALGORITHMS:
                raise ValueError(f"{name!r} is no digest algorithm; known are {', '.join(ALGORITHMS)}")
        return tuple(name.upper() for name in value)

    @model_validator(mode="after")
    def _consistent_times(self) -> Self:
        if self.register_expires_min > self.register_expires_max:
            raise ValueError("register_expires_min: above register_expires_max")
        if not self.register_expires_min <= self.register_expires_default <= self.register_expires_max:
            raise ValueError("register_expires_default: not between register_expires_min and register_expires_max")
        return self
