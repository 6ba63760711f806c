"""Field types that the bodies of several slices share."""

from typing import Annotated

from pydantic import AfterValidator, Field

from sipcore.message import BadUri, Uri

__all__ = ["Level", "Name", "Seconds", "SipUri", "SoundName", "sip_uri"]


def _printable(value: str) -> str:
    if not value.isprintable() or "/" in value:
        raise ValueError("a name holds printable characters, no slash")
    return value


def sip_uri(value: str) -> str:
    """The text, if it is a sip: or sips: URI. Raises ``ValueError``."""
    try:
        uri = Uri.parse(value)
    except BadUri as error:
        raise ValueError(str(error)) from None
    if uri.scheme not in ("sip", "sips"):
        raise ValueError(f"{value!r} is no sip: or sips: URI")
    return value


Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_printable)]
SoundName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
SipUri = Annotated[str, Field(max_length=512), AfterValidator(sip_uri)]
Level = Annotated[int, Field(ge=1, le=10)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
