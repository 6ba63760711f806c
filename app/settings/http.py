"""Settings of REST, events, traces and metrics."""

from pydantic import BaseModel, Field, SecretStr

from app.addresses import HostPort
from app.setting_types import Address

__all__ = ["HttpSettings"]


class HttpSettings(BaseModel):
    """What is served by HTTP."""

    http_listen: Address = Field(
        default=HostPort("127.0.0.1", 8080), description="Where REST, events and metrics are served, `host:port`."
    )
    http_max_body_bytes: int = Field(default=4_194_304, ge=1024, description="Longest request body taken by REST.")
    http_keep_alive_seconds: int = Field(
        default=75,
        ge=1,
        description="How long a connection without requests stays open. Longer than clients keep theirs (5 s is usual), so "
        "that none of them sends into one that is being closed.",
    )
    events_history: int = Field(
        default=10_000, ge=0, description="Events kept in memory for clients that resume by Last-Event-ID."
    )
    events_max_clients: int = Field(default=500, ge=1, description="Event streams open at once.")
    trace_max_clients: int = Field(default=5, ge=1, description="`callyard sip trace` at once.")
    trace_backlog: int = Field(
        default=1000, ge=1, description="SIP messages kept for a trace that reads too slowly; the rest is counted."
    )
    api_key_cache_seconds: float = Field(
        default=5.0,
        ge=0,
        le=300,
        description="How long an API key that was found in the database is not looked up again: a key that `callyard api-key "
        "revoke` takes back may work for this long. 0: each request looks it up, which takes it some milliseconds.",
    )
    api_key_cache_size: int = Field(default=10_000, ge=1, description="API keys remembered so at once.")
    admin_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Fixes the first API key (scope admin). By default one is made at first start and printed once.",
    )
