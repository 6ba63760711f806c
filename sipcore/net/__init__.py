"""Sockets only: UDP and TCP (RFC 3261 §18). Speaks ``Hop``, ``Source`` and ``Send``; of SIP it knows message ends."""

from sipcore.net.network import Network
from sipcore.net.receiver import ListenError, Receiver
from sipcore.net.tcp import StreamLimits

__all__ = ["ListenError", "Network", "Receiver", "StreamLimits"]
