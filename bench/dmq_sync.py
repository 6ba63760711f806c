"""Full sync over DMQ: contacts a second and CPU a contact, from ours to Kamailio, from Kamailio to ours, between two of ours.

The contacts come into the first service with its database. A node that shall be told everything starts knowing nobody, so
that its start is not measured; it is found by the ping of the node that has the contacts, or joins by it. The rate is that
between the first contacts seen there and the last one.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from app.db.engine import Database
from app.db.migrate import migrate
from app.registrations.store import RegistrationStore, row_of
from bench.results import machine, table, write_section
from sipcore.binding import Binding
from sipcore.packets import Hop, Source
from tests.support.kamailio_dmq import KamailioDmq
from tests.support.ports import free_port
from tests.support.service import CALLYARD, Service, wait_until

_HOST: Final = "127.0.0.1"
_SECONDS: Final = 600.0
_PARAMS: Final = {"batch_msg_contacts": 50, "batch_size": 2000, "batch_usleep": 20_000}


class _Kamailio(KamailioDmq):
    """With memory for the contacts."""

    shared_mb: ClassVar[int] = 768


@dataclass(slots=True)
class _Node:
    """What is measured of a node."""

    count: Callable[[], int]
    cpu: Callable[[], float]


def bindings(count: int) -> Iterator[Binding]:
    """Phones, each of its own address-of-record."""
    now = time.time()
    for number in range(count):
        user = f"user{number:06d}"
        host = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        yield Binding(
            f"sip:{user}@callyard", f"sip:{user}@{host}:5060;transport=udp", now + 36_000 + number, f"{number:032x}@phone",
            number + 1000, Source(Hop("UDP", host, 5060)), 1.0, (), f"bench phone {number % 20}", "", 0,
            f"0.0.{number:016x}", now - number % 3600,
        )  # fmt: skip


async def fill(folder: Path, count: int) -> None:
    """The database of a service that has not started yet."""
    (folder / "data").mkdir(parents=True)
    database = Database(f"sqlite+aiosqlite:///{folder}/data/callyard.db")
    await migrate(database)
    store = RegistrationStore(database.engine.dialect)
    everyone = [row_of(binding) for binding in bindings(count)]
    for start in range(0, count, 5000):
        await database.transact(partial(store.write, kept=everyone[start : start + 5000], gone=()))
    await database.close()


def service(folder: Path, program: Path, *notify: str) -> Service:
    port = free_port()
    settings = {
        "DMQ_SERVER_ADDRESS": f"sip:{_HOST}:{port}", "DMQ_NOTIFICATION_ADDRESS": ",".join(notify), "DMQ_ALLOW": _HOST,
        "DMQ_PING_INTERVAL": "5",
    }  # fmt: skip
    return Service(folder, settings=settings, sip_port=port, program=program)


def node(of: Service | KamailioDmq) -> _Node:
    if isinstance(of, KamailioDmq):
        return _Node(of.contact_count, of.cpu_seconds)
    return _Node(lambda: _held(of), of.cpu_seconds)


def _held(of: Service) -> int:
    page = of.client.get("/metrics").text.splitlines()
    return int(float(next(line for line in page if line.startswith("callyard_registrar_bindings ")).split(" ")[1]))


def synchronised(giver: _Node, taker: _Node, count: int) -> tuple[float, float, float]:
    """Contacts a second, CPU µs a contact at the giver and at the taker, from the first contacts to the last."""
    before = [(time.monotonic(), giver.cpu(), taker.cpu(), 0)]

    def begun() -> bool:
        sample = (time.monotonic(), giver.cpu(), taker.cpu(), taker.count())
        if sample[3]:
            before.append(sample)
        else:
            before[0] = sample
        return bool(sample[3])

    wait_until(begun, "the sync to begin", seconds=_SECONDS)
    wait_until(lambda: taker.count() >= count, f"{count} contacts", seconds=_SECONDS)
    at, giver_cpu, taker_cpu = time.monotonic(), giver.cpu(), taker.cpu()
    began, gave, took, _ = before[0]
    return count / (at - began), (giver_cpu - gave) / count * 1e6, (taker_cpu - took) / count * 1e6


@contextmanager
def kamailio(folder: Path, *notify: str) -> Iterator[KamailioDmq]:
    with _Kamailio(folder=folder, notify=notify, params=_PARAMS) as running:
        yield running


_Row = list[str]


def ours(folder: Path, program: Path, what: str, count: int) -> list[_Row]:
    """Between two of ours, to a Kamailio and from it."""
    asyncio.run(fill(folder / "one", count))
    with ExitStack() as stack:
        second = stack.enter_context(service(folder / "two", program))
        other = stack.enter_context(kamailio(folder / "kamailio"))
        with service(folder / "one", program, f"sip:{_HOST}:{second.sip_port}") as first:
            between = synchronised(node(first), node(second), count)
        with service(folder / "one", program, other.address) as first:
            to_kamailio = synchronised(node(first), node(other), count)
        with service(folder / "three", program, other.address) as third:
            from_kamailio = synchronised(node(other), node(third), count)
    return [
        row(f"two of ours{what}", between),
        row(f"ours to Kamailio{what}", to_kamailio),
        row(f"Kamailio to ours{what}", from_kamailio),
    ]


def kamailios(folder: Path, count: int) -> _Row:
    """Between two of them; the first has its contacts from ours."""
    asyncio.run(fill(folder / "one", count))
    with kamailio(folder / "kamailio") as full:
        with service(folder / "one", CALLYARD, full.address):
            wait_until(lambda: full.contact_count() >= count, f"{count} contacts", seconds=_SECONDS)
        with kamailio(folder / "kamailio-2", full.address) as other:
            return row("two Kamailios", synchronised(node(full), node(other), count))


def row(name: str, measured: tuple[float, float, float]) -> _Row:
    rate, giver, taker = measured
    return [name, f"{rate:,.0f}", f"{giver:.1f}", f"{taker:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--compiled", type=Path, help="the compiled build's callyard, to be measured too")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        rows = ours(Path(folder, "interpreted"), CALLYARD, "", options.contacts)
        if options.compiled is not None:
            rows += ours(Path(folder, "compiled"), options.compiled.absolute(), ", compiled", options.contacts)
        rows.append(kamailios(Path(folder, "theirs"), options.contacts))
    shown = table(["sync", "contacts/s", "giver, CPU µs a contact", "taker, CPU µs a contact"], rows)
    text = (
        f"## DMQ: a full sync of {options.contacts:,} contacts\n\n{machine()}; both nodes on the same machine, over UDP, 50\n"
        f"contacts a request; ours store what they take in SQLite meanwhile (its CPU counts). Load before: {load:.1f}.\n"
        "`python -m bench.dmq_sync`\n\n"
        f"{shown}"
    )
    print(text)
    write_section("dmq_sync", text)


if __name__ == "__main__":
    main()
