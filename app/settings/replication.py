"""Settings of the DMQ bus, on which registrations are shared; under Kamailio's names."""

from pydantic import BaseModel, Field, field_validator

from app.setting_types import Networks, Texts
from sipcore.dmq.node_list import key_of
from sipcore.errors import BadUri
from sipcore.message import Uri

__all__ = ["ReplicationSettings"]


def _node(value: str) -> str:
    """An address of a node. Raises ``ValueError`` with one sentence."""
    try:
        key_of(value)
        port = Uri.parse(value).port
    except BadUri:
        port = None
    if port is None or "@" in value:
        raise ValueError(f"{value!r}: write sip:host:port or sip:host:port;transport=tcp, the port always")
    return value


class ReplicationSettings(BaseModel):
    """A place on a Kamailio fleet's bus (docs/operations.md)."""

    dmq_server_address: str = Field(
        default="",
        description="Our address on the DMQ bus, `sip:host:port[;transport=tcp]`, as the other nodes reach and list it: one "
        "of the addresses listened on. Empty: registrations are shared with nobody.",
    )
    dmq_notification_address: Texts = Field(
        default=(),
        description="Nodes to join the bus by, `sip:host:port[;transport=tcp]`, written as those nodes write themselves. "
        "They are allowed, too. A name is resolved once, at the start.",
    )
    dmq_allow: Networks = Field(
        default=(),
        description="Addresses of the other nodes. The bus has no authentication: who sends from there can register and "
        "remove anybody. All other KDMQ gets 403.",
    )
    dmq_ping_interval: int = Field(default=60, ge=5, le=3600, description="Seconds between two pings to every node.")
    dmq_remove_inactive: bool = Field(
        default=True,
        description="Forget a node that is silent at two pings. Those of `dmq_notification_address` are asked for ever.",
    )
    dmq_max_nodes: int = Field(default=64, ge=1, le=1000, description="Other nodes known at once; more are not taken.")

    dmq_sync: bool = Field(
        default=True, description="Ask a node that joins for all its contacts, and tell it all that registered here."
    )
    dmq_use_domain: bool = Field(
        default=False,
        description="Users on the bus are `user@domain`, as with `use_domain` of Kamailio's usrloc; else the user alone. Both "
        "are understood.",
    )
    dmq_batch_msg_contacts: int = Field(
        default=50,
        ge=1,
        le=150,
        description="Contacts in one request, of a sync or where changes have collected; 1: no batches.",
    )
    dmq_batch_msg_size: int = Field(
        default=60_000,
        ge=1_000,
        le=64_000,
        description="Bytes of such a request's body, at most (one contact always goes).",
    )
    dmq_batch_size: int = Field(
        default=0, ge=0, description="Contacts of a sync after which it pauses; 0: never, the window is enough."
    )
    dmq_batch_usleep: int = Field(default=0, ge=0, le=60_000_000, description="Microseconds of that pause.")
    dmq_window: int = Field(
        default=8,
        ge=1,
        le=64,
        description="Requests to one node that wait for their answers; what happens meanwhile collects.",
    )
    dmq_max_contacts: int = Field(
        default=100,
        ge=1,
        description="Contacts of one user taken from other nodes (of phones here: `register_max_contacts`).",
    )
    dmq_waiting_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=65_536,
        description="Requests of other nodes that wait to be applied; more get 503.",
    )
    dmq_removed: int = Field(
        default=20_000, ge=0, description="Removals remembered, to be told again to a node that has missed one."
    )
    dmq_removed_seconds: float = Field(default=3600.0, gt=0, description="For how long.")

    @field_validator("dmq_server_address")
    @classmethod
    def _own_address(cls, value: str) -> str:
        return _node(value) if value else value

    @field_validator("dmq_notification_address")
    @classmethod
    def _nodes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_node(each) for each in value)
