"""Settings of the media server."""

from pydantic import BaseModel, Field, field_validator

from app.addresses import HostPort, PortRange, is_host
from app.setting_types import Address, Paths, Ports
from sipcore.message import BadUri, Uri

__all__ = ["MediaSettings", "check_media_uri"]


def check_media_uri(value: str) -> str:
    """A media server's SIP URI, which may hold ``{queue}``, ``{sound}`` and ``{repeat}``. Raises ``ValueError``."""
    try:
        uri = Uri.parse(value.format(queue="queue", sound="sound", repeat="repeat"))
    except (KeyError, IndexError, ValueError, BadUri):
        raise ValueError(f"{value!r} is no SIP URI (it may hold {{queue}}, {{sound}} and {{repeat}})") from None
    if uri.scheme not in ("sip", "sips"):
        raise ValueError(f"{value!r} is no sip: or sips: URI")
    return value


class MediaSettings(BaseModel):
    """The built-in media server, or another one."""

    media: str = Field(
        default="builtin",
        description="`builtin`, or the SIP URI of a media server; it may hold `{queue}`, `{sound}` and `{repeat}`. "
        "Configured media servers are tried first.",
    )
    media_listen: Address = Field(
        default=HostPort("127.0.0.1", 0),
        description="Address of the built-in media server, `host[:port]`; its port is kept in the data folder.",
    )
    media_advertise: str | None = Field(
        default=None, description="Address in the built-in media server's SDP, where it is not the one it listens on."
    )
    media_rtp_ports: Ports = Field(
        default=PortRange(20_000, 39_999), description="RTP and RTCP ports of the built-in media server, `first-last`."
    )
    media_sounds: Paths = Field(
        default=(),
        description="Folders with WAV files, searched in order before the sounds supplied.",
    )
    media_max_sessions: int = Field(default=10_000, ge=1, description="Sessions of the built-in media server at once.")
    media_orphan_seconds: float = Field(
        default=60.0,
        ge=30,
        description="After a restart the built-in media server drops sessions that nobody claims for this long; the service "
        "claims its own within 20 seconds (above 4,000 sessions: 200 a second).",
    )
    media_owner_seconds: float = Field(
        default=300.0, gt=0, description="The built-in media server ends this long after its owner's last OPTIONS."
    )

    @field_validator("media")
    @classmethod
    def _media(cls, value: str) -> str:
        return value if value == "builtin" else check_media_uri(value)

    @field_validator("media_advertise")
    @classmethod
    def _advertised_host(cls, value: str | None) -> str | None:
        if value is not None and not is_host(value):
            raise ValueError(f"{value!r} is no address")
        return value
