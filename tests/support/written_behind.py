"""What the writer of registrations must do on any database: unit tests run it on SQLite, interop tests on PostgreSQL."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from app.db.engine import Database
from app.registrations.writer import RegistrationWriter
from sipcore.binding import Binding, BindingChange, BindingChanged
from sipcore.packets import Hop, Source

__all__ = ["ONE", "added", "everything_comes_back", "gone", "only_the_latest_is_written", "outage", "refreshed"]

ONE = Binding(
    "sip:ana@callyard", "sip:ana@10.0.0.7:5060;ob", 2000.5, "c-1@phone", 7, Source(Hop("TCP", "192.0.2.1", 40001), 1), 0.5,
    ("<sip:192.0.2.9;lr;ob>", '"Edge, one" <sip:edge.example;lr>'), "Phone \u00e9/1.0", "<urn:uuid:1-2>", 2**31 - 1,
    "0.0.0123456789abcdef", 1000.25,
)  # fmt: skip


def added(binding: Binding) -> BindingChanged:
    return BindingChanged(BindingChange.ADDED, binding)


def refreshed(binding: Binding, before: Binding) -> BindingChanged:
    return BindingChanged(BindingChange.REFRESHED, binding, before)


def gone(binding: Binding, change: BindingChange = BindingChange.REMOVED) -> BindingChanged:
    return BindingChanged(change, binding, binding)


async def everything_comes_back(database: Database) -> None:
    """Each field, on many rows in batches; expired ones do not, and are deleted."""
    writer = RegistrationWriter(database, batch=10)
    many = [
        replace(
            ONE, ruid=f"r{n:05d}", aor=f"sip:u{n}@callyard", cseq=2**31 - 1 - n, source=Source(Hop("UDP", "::1", n))
        )
        for n in range(2045)
    ]
    for binding in (ONE, *many):
        writer.note(added(binding))
    while await writer.flush():
        pass
    assert (len(writer), writer.counters["stored"]) == (0, 2046)
    loaded = {binding.ruid: binding for binding in await writer.load(1000.0)}
    assert loaded == {binding.ruid: binding for binding in (ONE, *many)}
    assert await writer.load(2000.5) == []
    assert await writer.load(1000.0) == []


async def only_the_latest_is_written(database: Database) -> None:
    """One row a binding, whatever happened to it between two flushes."""
    writer = RegistrationWriter(database)
    latest = ONE
    writer.note(added(ONE))
    for second in range(50):
        before, latest = latest, replace(latest, cseq=latest.cseq + 1, expires_at=3000.0 + second)
        writer.note(refreshed(latest, before))
    brief = replace(ONE, ruid="brief")
    writer.note(added(brief))
    writer.note(gone(brief, BindingChange.EXPIRED))  # came and went: the database never hears of it
    assert len(writer) == 1
    assert await writer.flush()
    assert not await writer.flush()
    assert writer.counters | {"failures": 0} == {
        "stored": 1, "deleted": 0, "refused": 0, "failures": 0, "outages": 0,
    }  # fmt: skip
    assert await writer.load(1000.0) == [latest]
    renamed = replace(latest, ruid="elsewhere")  # another node's name for it has won
    writer.note(refreshed(renamed, latest))
    await writer.flush()
    assert await writer.load(1000.0) == [renamed]
    writer.note(refreshed(latest, renamed))
    writer.note(gone(latest))
    await writer.flush()
    assert await writer.load(1000.0) == []


async def outage(database: Database, stop: Callable[[], Awaitable[None]], start: Callable[[], Awaitable[None]]) -> None:
    """Ridden out with growing pauses and one entry a binding; then each is written as it is by then."""
    writer = RegistrationWriter(database, interval=0.5)
    two = replace(ONE, ruid="two")
    for binding in (ONE, two):
        writer.note(added(binding))
    await writer.flush()
    await stop()
    latest = ONE
    pauses = []
    for second in range(4):
        before, latest = latest, replace(latest, cseq=latest.cseq + 1, expires_at=3000.0 + second)
        writer.note(refreshed(latest, before))
        assert not await writer.flush()
        pauses.append(writer.pause())
    writer.note(gone(two))
    brief = replace(ONE, ruid="brief")
    writer.note(added(brief))
    writer.note(gone(brief))
    assert len(writer) == 2
    assert pauses == [0.25, 0.5, 1.0, 2.0]
    await start()
    assert await writer.flush()
    assert (len(writer), writer.pause(), writer.counters["outages"]) == (0, 0.5, 1)
    assert await writer.load(1000.0) == [latest]
