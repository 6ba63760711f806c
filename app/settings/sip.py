"""Settings of SIP and of live calls."""

from typing import Self

from pydantic import BaseModel, Field, field_validator, model_validator

from app.addresses import HostPort, is_host
from app.setting_types import HostPorts, Listeners, Networks, Texts, listeners_of, networks_of

__all__ = ["SipSettings"]


class SipSettings(BaseModel):
    """Where SIP is taken, by which names we are known, who is trusted, and what a call may take."""

    sip_listen: Listeners = Field(
        default_factory=lambda: listeners_of("udp:127.0.0.1:5060,tcp:127.0.0.1:5060"),
        min_length=1,
        description="Where to take SIP: `transport:host:port`, transport `udp` or `tcp`; port 0: any free one.",
    )
    sip_advertise: HostPorts = Field(
        default=(),
        description="Address that Via and Contact show, where it is not the one listened on: `host[:port]`, one for "
        "all listeners or one for each, in their order.",
    )
    sip_domains: Texts = Field(
        default=("callyard",),
        description="Domains that are ours, besides the addresses listened on and advertised.",
    )
    realm: str = Field(
        default="callyard",
        min_length=1,
        max_length=128,
        pattern=r'^[^"\\\x00-\x1f]+$',
        description="Digest realm. Stored password hashes belong to it: after a change set agents' passwords again.",
    )
    trunks: Networks = Field(
        default_factory=lambda: networks_of("127.0.0.0/8,::1"),
        description="Addresses whose INVITEs need no digest, besides the configured trunks.",
    )
    feature_networks: Networks = Field(
        default_factory=lambda: networks_of("127.0.0.0/8,::1"),
        description="Addresses of phones and PBXes whose feature codes need no digest; a trunk is none of them.",
    )
    feature_pin_attempts: int = Field(
        default=5, ge=1, description="Wrong PINs in a row after which an agent's PIN is not looked at for a while."
    )
    feature_pin_lock_seconds: float = Field(default=300.0, gt=0, description="That while, in seconds.")
    max_calls: int = Field(default=100_000, ge=1, description="Live calls at once; above it new callers get 503.")
    max_callbacks: int = Field(default=10_000, ge=0, description="Callbacks that wait at once; more are not taken.")
    remembered_callers: int = Field(
        default=100_000, ge=0, description="Callers of whom is kept whom they talked with last (`sticky` queues)."
    )
    explain: bool = Field(
        default=True, description="Keep why each offer went to whom it went, for `/calls/{id}/decisions`."
    )
    explain_decisions: int = Field(default=10_000, ge=1, description="Decisions kept, of all calls together.")
    explain_decisions_per_call: int = Field(default=32, ge=1, description="Decisions kept of one call, the latest.")
    explain_seconds: float = Field(default=900.0, gt=0, description="How long decisions are kept.")
    explain_names_per_second: int = Field(
        default=20, ge=0, description="Decisions a second that keep the next agents in rank by name."
    )
    max_call_seconds: float = Field(
        default=14_400.0, gt=0, description="A bridged call is ended after this time, whatever its session timer says."
    )
    session_expires: int = Field(
        default=1800, ge=90, description="Session-Expires (RFC 4028) that we ask for on every leg, seconds."
    )
    session_refreshes_at_once: int = Field(
        default=100,
        ge=1,
        description="Session refreshes (RFC 4028) that await their answer at once; others wait a little.",
    )
    restart_media_refreshes_per_second: float = Field(
        default=200.0,
        gt=0,
        description="How fast sessions at media servers are claimed after a restart with many calls.",
    )
    restart_call_refreshes_per_second: float = Field(
        default=100.0,
        gt=0,
        description="How fast those who talk are asked after a restart whether they are still there.",
    )
    sip_max_message_bytes: int = Field(
        default=65_535, ge=2048, le=1_048_576, description="Longest SIP message taken, head and body."
    )
    sip_max_headers: int = Field(default=256, ge=16, description="Most header lines taken in one SIP message.")
    sip_max_connections: int = Field(default=2000, ge=1, description="TCP connections open at once.")
    sip_receive_buffer_bytes: int = Field(
        default=4 * 1024 * 1024, ge=65_536, description="SO_RCVBUF asked for on UDP sockets (the kernel may cap it)."
    )
    sip_aliases: Texts = Field(
        default=(),
        description="Other names of registered users: `alias=user`, comma-separated. A phone may register under either.",
    )
    sip_force_rport: bool = Field(
        default=False,
        description="Answer every UDP request at the port that it came from, also where its Via does not ask for it "
        "(RFC 3581): for phones behind NAT that know no `rport`.",
    )

    @field_validator("sip_domains")
    @classmethod
    def _domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for domain in value:
            if not is_host(domain):
                raise ValueError(f"{domain!r} is no domain name or address")
        return tuple(domain.lower() for domain in value)

    @field_validator("sip_aliases")
    @classmethod
    def _aliases(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = set()
        for item in value:
            alias, equals, user = item.partition("=")
            if not (alias and equals and user) or "@" in item or not item.isprintable() or " " in item:
                raise ValueError(f"{item!r}: write alias=user, two user parts without their domain")
            if alias in names:
                raise ValueError(f"the alias {alias!r} is given twice")
            names.add(alias)
        return value

    @model_validator(mode="after")
    def _consistent_listeners(self) -> Self:
        if len(self.sip_advertise) > 1 and len(self.sip_advertise) != len(self.sip_listen):
            raise ValueError(
                f"sip_advertise: {len(self.sip_advertise)} addresses for {len(self.sip_listen)} listeners; "
                "give one, or one for each"
            )
        if not self.sip_advertise and any(listener.is_wildcard for listener in self.sip_listen):
            raise ValueError("sip_listen: listening on every address needs sip_advertise, the address that peers see")
        return self

    def advertised(self, index: int) -> HostPort:
        """What listener ``index`` shows in Via and Contact; its port None where the bound one is meant."""
        if not self.sip_advertise:
            return HostPort(self.sip_listen[index].host)
        return self.sip_advertise[index if len(self.sip_advertise) > 1 else 0]
