"""A phone that only registers: bare sockets, digest, one answer at a time."""

import secrets
import socket
from typing import Final

from sipcore.digest import Challenge, answer, compute_ha1
from sipcore.message import Request, Response, parse

__all__ = ["RegisteringPhone"]

_HOST: Final = "127.0.0.1"
_SECONDS: Final = 10.0


class RegisteringPhone:
    """One Call-ID, one contact at its own port."""

    def __init__(self, registrar: tuple[str, int], user: str, password: str, contact_user: str = "") -> None:
        self._registrar = registrar
        self._user = user
        self._password = password
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(_SECONDS)
        self._socket.bind((_HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self.contact = f"sip:{contact_user or user}@{_HOST}:{self.port}"
        self._call_id = secrets.token_hex(8)
        self._cseq = 0

    def __del__(self) -> None:
        self._socket.close()

    def register(self, expires: int) -> int:
        """The final status, after as many challenges as come with a new nonce (at most two)."""
        response = self.say(expires)
        for _ in range(2):
            if response.status != 401:
                break
            response = self.say(expires, self._proof(response))
        return response.status

    def say(self, expires: int, *headers: tuple[str, str]) -> Response:
        """One REGISTER and its answer."""
        self._cseq += 1
        request = Request(
            "REGISTER", "sip:callyard",
            [
                ("Via", f"SIP/2.0/UDP {_HOST}:{self.port};branch=z9hG4bK{secrets.token_hex(8)};rport"),
                ("From", f"<sip:{self._user}@callyard>;tag={secrets.token_hex(4)}"), ("To", f"<sip:{self._user}@callyard>"),
                ("Call-ID", self._call_id), ("CSeq", f"{self._cseq} REGISTER"), ("Contact", f"<{self.contact}>"),
                ("Expires", str(expires)), ("User-Agent", "RegisteringPhone"), ("Max-Forwards", "70"), *headers,
            ],
        )  # fmt: skip
        self._socket.sendto(request.encode(), self._registrar)
        while True:
            message = parse(self._socket.recv(65_535))
            if isinstance(message, Response) and message.cseq.number == self._cseq:
                return message

    def _proof(self, response: Response) -> tuple[str, str]:
        challenge = Challenge.parse(response.get_all("WWW-Authenticate")[0])
        ha1 = compute_ha1(challenge.algorithm, self._user, challenge.realm, self._password)
        proof = answer(challenge, "REGISTER", "sip:callyard", username=self._user, ha1=ha1, cnonce=secrets.token_hex(4))
        return "Authorization", str(proof)
