"""The people and machines at the other end, played by SIPp: agents' phones and a foreign media server.

Each returns a Sipp that is to be entered as a context manager; its ``address`` goes into the service's configuration.
"""

from pathlib import Path

from tests.support.sipp import Sipp, sipp_agent

__all__ = ["answering", "busy", "declining", "elsewhere", "forwarded", "media_server", "silent", "too_late"]


def answering(
    folder: Path, *, ring_ms: int = 1, talk_ms: int = 3_600_000, port: int | None = None, tcp: bool = False
) -> Sipp:
    """Rings, answers after ``ring_ms`` (with an offer where the INVITE has none), hangs up after ``talk_ms``."""
    values = {"ring_ms": ring_ms, "talk_ms": talk_ms}
    return sipp_agent("uas_agent", folder, port=port, transport=_transport(tcp=tcp), values=values)


def busy(folder: Path, *, port: int | None = None) -> Sipp:
    return sipp_agent("uas_reject", folder, port=port, values={"status": 486, "reason": "Busy Here"})


def declining(folder: Path, *, port: int | None = None) -> Sipp:
    return sipp_agent("uas_reject", folder, port=port, values={"status": 603, "reason": "Decline"})


def silent(folder: Path, *, port: int | None = None) -> Sipp:
    """Rings until it is cancelled."""
    return sipp_agent("uas_no_answer", folder, port=port)


def elsewhere(folder: Path, *, tcp: bool = False) -> Sipp:
    """Rings until it is cancelled because another phone was answered; fails where the CANCEL does not say so."""
    return sipp_agent("uas_elsewhere", folder, transport=_transport(tcp=tcp))


def too_late(folder: Path, *, tcp: bool = False) -> Sipp:
    """Is answered in the very moment in which that CANCEL comes; wants the reason in the BYE, too."""
    return sipp_agent("uas_too_late", folder, transport=_transport(tcp=tcp))


def forwarded(folder: Path, uri: str, diversion: str, history: str, *, talk_ms: int = 300, tcp: bool = False) -> Sipp:
    """Takes a call that was sent on to it: fails where the Request-URI, Diversion or History-Info do not match."""
    values = {"uri": uri, "diversion": diversion, "history": history, "ring_ms": 1, "talk_ms": talk_ms}
    return sipp_agent("uas_forwarded", folder, transport=_transport(tcp=tcp), values=values)


def media_server(folder: Path, *, port: int | None = None, tcp: bool = False) -> Sipp:
    """Answers at once; takes INFO, OPTIONS, UPDATE and re-INVITE until BYE. Sends no RTP."""
    return sipp_agent("uas_media", folder, port=port, transport=_transport(tcp=tcp))


def _transport(*, tcp: bool) -> str:
    return "t1" if tcp else "u1"
