"""REGISTER: CPU a request without and with digest, new and refresh, beside Kamailio in the same run; memory of a contact.

    python -m bench.registrar [--requests 20000] [--contacts 200000] [--compiled PATH]

The load is made beforehand and sent by bare sockets, a window at a time, so that the generator costs little and neither
side drops. CPU is that of the registrar's process (ours: the whole service, the database's thread included). With digest
the phones answer challenges that were given before the clock starts: what is measured is one REGISTER with credentials.
"""

import argparse
import gc
import hashlib
import secrets
import socket
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from bench.results import machine, table, write_section
from sipcore.binding import Binding
from sipcore.digest import Challenge
from sipcore.location import MemoryLocations
from sipcore.message import Response, parse
from sipcore.packets import Hop, Source
from tests.support.registrar_peer import KamailioRegistrar
from tests.support.service import CALLYARD, Service, cpu_seconds

_HOST: Final = "127.0.0.1"
_WINDOW: Final = 50
_USERS: Final = {False: (2000, 1), True: (200, 5)}  # with digest or without: users, contacts of each
_PASSWORD: Final = "s3cret"


class Phones:
    """Makes requests and sends them; ``domain`` is the registrar's."""

    def __init__(self, registrar: tuple[str, int], domain: str) -> None:
        self._registrar = registrar
        self._domain = domain
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.bind((_HOST, 0))
        self._socket.settimeout(10.0)
        self._port = self._socket.getsockname()[1]

    def request(self, user: str, device: int, cseq: int, proof: str = "") -> bytes:
        """A phone's REGISTER, about 500 bytes."""
        domain = self._domain
        return (
            f"REGISTER sip:{domain} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {_HOST}:{self._port};branch=z9hG4bK{secrets.token_hex(8)};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{user}@{domain}>;tag={secrets.token_hex(4)}\r\nTo: <sip:{user}@{domain}>\r\n"
            f"Call-ID: {user}-{device}-bench\r\nCSeq: {cseq} REGISTER\r\n"
            f"Contact: <sip:{user}-{device}@{_HOST}:{self._port}>;expires=3600\r\n"
            f"User-Agent: bench phone 1.0\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n{proof}Content-Length: 0\r\n\r\n"
        ).encode()

    def play(self, requests: Sequence[bytes], expected: int) -> list[bytes]:
        """Sends all, a window at a time; every answer must have the expected status."""
        answers: list[bytes] = []
        for start in range(0, len(requests), _WINDOW):
            window = requests[start : start + _WINDOW]
            for data in window:
                self._socket.sendto(data, self._registrar)
            answers += [self._socket.recv(65_535) for _ in window]
        wrong = next((each for each in answers if not each.startswith(b"SIP/2.0 %d" % expected)), None)
        assert wrong is None, wrong
        return answers


def proof_of(user: str, domain: str, challenge: bytes, password: str) -> str:
    """An Authorization header (MD5) for a 401."""
    response = parse(challenge)
    assert isinstance(response, Response)
    given = Challenge.parse(response.get_all("WWW-Authenticate")[0])
    ha1, ha2 = _md5(f"{user}:{given.realm}:{password}"), _md5(f"REGISTER:sip:{domain}")
    middle, qop = "", ""
    if given.qop:
        middle, qop = "00000001:c0ffee:auth:", ', qop=auth, nc=00000001, cnonce="c0ffee"'
    answer = _md5(f"{ha1}:{given.nonce}:{middle}{ha2}")
    return (
        f'Authorization: Digest username="{user}", realm="{given.realm}", nonce="{given.nonce}", uri="sip:{domain}", '
        f'response="{answer}", algorithm=MD5{qop}\r\n'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def measure(phones: Phones, domain: str, count: int, cpu: Callable[[], float], *, digest: bool) -> list[float]:
    """CPU µs a request: new contacts, then refreshes."""
    count_of_users, devices = _USERS[digest]
    users = [f"u{number}" for number in range(count_of_users)]
    found: list[float] = []
    cseq = 0

    def run(requests: list[bytes], expected: int) -> list[bytes]:
        before = cpu()
        answers = phones.play(requests, expected)
        found.append((cpu() - before) / len(requests) * 1e6)
        return answers

    def requests(rounds: int) -> list[bytes]:
        nonlocal cseq
        made: list[bytes] = []
        for number in range(rounds):
            device = number % devices
            cseq += 2
            proofs = dict.fromkeys(users, "")
            if digest:
                asked = phones.play([phones.request(user, device, cseq - 1) for user in users], 401)
                answers = zip(users, asked, strict=True)
                proofs = {user: proof_of(user, domain, challenge, _PASSWORD) for user, challenge in answers}
            made += [phones.request(user, device, cseq, proofs[user]) for user in users]
        return made

    run(requests(devices), 200)
    run(requests(max(1, count // count_of_users)), 200)
    return found


def service_rows(name: str, program: Path, count: int) -> list[list[str]]:
    agents = [
        {"name": f"u{number}", "address": f"sip:u{number}@callyard", "password": _PASSWORD}
        for number in range(_USERS[True][0])
    ]
    config = yaml.safe_dump({"queues": [{"name": "support"}], "agents": agents})
    rows = []
    for digest in (False, True):
        settings = {"REGISTER_DIGEST": "MD5", "REGISTER_PING": "none", "REGISTER_TRUSTED": "" if digest else _HOST}
        with (
            tempfile.TemporaryDirectory() as folder,
            Service(Path(folder) / "service", config=config, settings=settings, program=program) as running,
        ):
            phones = Phones(running.sip, "callyard")
            used = partial(cpu_seconds, running.process.pid)
            new, refresh = measure(phones, "callyard", count, used, digest=digest)
        rows.append([f"{name}, {'MD5 digest' if digest else 'no digest'}", f"{new:.0f}", f"{refresh:.0f}"])
    return rows


def kamailio_rows(count: int) -> list[list[str]]:
    rows = []
    for digest in (False, True):
        with (
            tempfile.TemporaryDirectory() as folder,
            KamailioRegistrar(Path(folder), _PASSWORD if digest else None) as running,
        ):
            phones = Phones(running.sip, _HOST)
            new, refresh = measure(phones, _HOST, count, running.cpu_seconds, digest=digest)
        rows.append([f"Kamailio, {'MD5 digest' if digest else 'no digest'}", f"{new:.0f}", f"{refresh:.0f}"])
    return rows


def memory(contacts: int) -> str:
    """Bytes a contact in the location store, each of its own address-of-record, all of one hour; by tracemalloc."""
    gc.collect()
    tracemalloc.start()
    store = MemoryLocations()
    for number in range(contacts):
        user = f"user{number:06d}"
        source = Source(Hop("UDP", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 5060))
        binding = Binding(
            f"sip:{user}@callyard", f"sip:{user}@{source.hop.host}:5060;transport=udp", 1.7e9 + number % 3600,
            f"{number:032x}@phone", number + 1000, source, 1.0, (), f"bench phone {number % 20}", "", 0,
            f"0.0.{number:016x}", 1.6e9 + number,
        )  # fmt: skip
        store.replace(binding.aor, [binding])
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return f"{used / contacts:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--compiled", type=Path, help="the compiled build's callyard, to be measured too")
    options = parser.parse_args()
    rows = kamailio_rows(options.requests) + service_rows("Callyard", CALLYARD, options.requests)
    if options.compiled is not None:
        rows += service_rows("Callyard compiled", options.compiled.absolute(), options.requests)
    shown = table(["registrar", "new, CPU µs", "refresh, CPU µs"], rows)
    text = (
        f"## The registrar\n\n{machine()}; load generator on the same machine; {options.requests} refreshes by\n"
        "UDP; without digest 2,000 users with a contact each, with digest 200 users with five (each 200 lists them all). "
        f"`python -m bench.registrar`\n\n{shown}\n"
        f"A contact in the location store, {options.contacts:,} of them: {memory(options.contacts)} bytes.\n"
    )
    print(text)
    write_section("registrar", text)


if __name__ == "__main__":
    main()
