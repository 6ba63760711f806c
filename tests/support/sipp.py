"""Runs SIPp scenarios through pysipp: own log folder per run, statistics from SIPp's own CSV.

Scenario files are in ``tests/interop/scenarios``; ``@name@`` in them is replaced by the value of that name.
"""

import contextlib
import csv
import re
import shlex
import signal
import subprocess
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from tests.support.ports import free_port, is_free
from tests.support.pysipp_shim import load_pysipp
from tests.support.service import wait_until

__all__ = ["SCENARIOS", "Sipp", "SippError", "SippStats", "sipp_agent", "sipp_caller"]

SCENARIOS: Final = Path(__file__).parent.parent / "interop" / "scenarios"
_HOST: Final = "127.0.0.1"
_DEFAULTS: Final = {
    "caller": "c[call_number]",
    "wait_ms": 10_000,
    "talk_ms": 500,
    "ring_ms": 1,
    "status": "486",
    "reason": "Busy Here",
}


class SippError(AssertionError):
    """Calls failed, or SIPp itself did; the message holds SIPp's own error log."""


@dataclass(frozen=True, slots=True)
class SippStats:
    """Cumulative counts of one SIPp process; ``seconds`` since its first call."""

    created: int
    current: int
    successful: int
    failed: int
    retransmissions: int
    unexpected: int
    out_of_call: int
    seconds: float


class _Streams:
    """What pysipp's reports want of a finished process."""

    stdout = b""
    stderr = b""


class _Runner:
    """A pysipp runner without its threads, epoll handle and leaked null device."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self._command = ""

    def __call__(self, commands: Iterable[str], *, block: bool = True, timeout: float = 0, **_: Any) -> Any:
        (self._command,) = commands
        with (self._folder / "output.txt").open("wb") as output:
            process: Any = subprocess.Popen(
                shlex.split(self._command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
            )
        process.streams = _Streams()
        self.process = process
        return self.get(timeout) if block else self._processes()

    def _processes(self) -> "OrderedDict[str, subprocess.Popen[bytes]]":
        assert self.process is not None
        return OrderedDict([(self._command, self.process)])

    def get(self, timeout: float) -> "OrderedDict[str, subprocess.Popen[bytes]]":
        assert self.process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout)
        return self._processes()


def _write_scenario(name: str, folder: Path, values: Mapping[str, object]) -> Path:
    text = (SCENARIOS / f"{name}.xml").read_text()
    known = {**_DEFAULTS, **values}
    filled = re.sub(r"@(\w+)@", lambda match: str(known[match.group(1)]), text)
    path = folder / f"{name}.xml"
    path.write_text(filled)
    return path


@dataclass(slots=True)
class Sipp:
    """One SIPp process playing one scenario. Use it as a context manager: leaving it stops SIPp.

    ``remote`` is set for callers only; ``values`` fill its ``@placeholders@``; ``options`` use pysipp's names.
    """

    scenario: str
    folder: Path
    port: int = field(default_factory=free_port)
    remote: tuple[str, int] | None = None
    user: str = "service"
    transport: str = "u1"
    values: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    _runner: _Runner = field(init=False, repr=False)

    def start(self) -> Self:
        pysipp = load_pysipp()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._runner = _Runner(self.folder)
        role = pysipp.client if self.remote else pysipp.server
        agent = role(**self._arguments())
        agent(block=False, runner=self._runner, timeout=0)
        if self.remote is None:
            wait_until(self._listening, f"{self.scenario} to listen on port {self.port}", log=self.log)
        return self

    def _listening(self) -> bool:
        """True when SIPp holds its port; also when it ended, which ``wait`` and ``stats`` will tell."""
        return self.process.poll() is not None or not is_free(self.port, tcp=self.transport.startswith("t"))

    def _arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "scen_file": str(_write_scenario(self.scenario, self.folder, self.values)),
            "logdir": str(self.folder),
            "local_host": _HOST,
            "local_port": self.port,
            "media_addr": _HOST,
            "media_port": free_port(4),
            "transport": self.transport,
            "recv_timeout": 60_000,
            "default_behaviors": "all",  # lenient would be "all,-abortunexp": a reordered 180 and 200 are no failure then
            "limit": 10_000,
            "call_count": 1_000_000_000,
            "nostdin": True,
            "trace_stat": True,
            "stat_file": str(self.folder / "stat.csv"),
            "stat_period": 1,
            "trace_error": True,
            "error_file": str(self.folder / "errors.txt"),
        }
        if self.remote:
            arguments |= {"remote_host": self.remote[0], "remote_port": self.remote[1], "uri_username": self.user}
        return arguments | dict(self.options)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._runner.process is not None
        return self._runner.process

    @property
    def address(self) -> str:
        return f"{_HOST}:{self.port}"

    def wait(self, timeout: float = 60.0) -> SippStats:
        """Waits until SIPp ended by itself; raises SippError unless every call succeeded."""
        stats = self.finish(timeout)
        if self.process.returncode != 0 or stats.failed:
            raise SippError(f"{self.scenario}: SIPp exit code {self.process.returncode}, {stats}\n{self.log()}")
        return stats

    def finish(self, timeout: float = 60.0) -> SippStats:
        """Waits until SIPp ended by itself, whatever became of its calls; raises SippError where it did not run."""
        self._runner.get(timeout)
        code = self.process.poll()
        if code is None:
            self._end(signal.SIGKILL)
            raise SippError(f"{self.scenario}: not finished after {timeout} s\n{self.log()}")
        stats = self.stats()
        if stats is None or code not in (0, 1):  # 1: at least one call failed
            raise SippError(f"{self.scenario}: SIPp exit code {code}, {stats}\n{self.log()}")
        return stats

    def stop(self) -> SippStats | None:
        """Ends SIPp now (a server never ends by itself); returns what it had counted."""
        # SIGUSR1 lets SIPp write its last statistics; it then waits for live calls, so it is given a moment only.
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGKILL):
            if self._end(number):
                break
        return self.stats()

    def _end(self, number: signal.Signals) -> bool:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stats(self) -> SippStats | None:
        """The last row that SIPp wrote (once a second, and at its end); None before the first."""
        try:
            with (self.folder / "stat.csv").open(newline="") as file:
                rows = [row for row in csv.DictReader(file, delimiter=";") if row.get("Retransmissions(C)")]
        except FileNotFoundError:
            return None
        return _stats(rows[-1]) if rows else None

    def log(self, lines: int = 60) -> str:
        texts = []
        for name in ("output.txt", "errors.txt"):
            path = self.folder / name
            if path.exists():
                tail = path.read_text(errors="replace").splitlines()[-lines:]
                texts.append(f"--- {name}\n" + "\n".join(tail))
        return "\n".join(texts)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _stats(row: Mapping[str, str]) -> SippStats:
    return SippStats(
        created=int(row["TotalCallCreated"]),
        current=int(row["CurrentCall"]),
        successful=int(row["SuccessfulCall(C)"]),
        failed=int(row["FailedCall(C)"]),
        retransmissions=int(row["Retransmissions(C)"]),
        unexpected=int(row["FailedUnexpectedMessage(C)"]),
        out_of_call=int(row["OutOfCallMsgs(C)"]),
        seconds=_instant(row["CurrentTime"]) - _instant(row["StartTime"]),
    )


def _instant(text: str) -> float:
    """SIPp writes date, time and seconds since the epoch, separated by tabs and spaces."""
    return float(text.rsplit(maxsplit=1)[-1])


def sipp_caller(
    scenario: str,
    folder: Path,
    remote: tuple[str, int],
    user: str,
    *,
    calls: int = 1,
    rate: int = 10,
    transport: str = "u1",
    values: Mapping[str, object] | None = None,
) -> Sipp:
    """``calls`` calls to ``sip:user@remote``, ``rate`` a second."""
    options = {"call_count": calls, "rate": rate}
    return Sipp(
        scenario, folder, remote=remote, user=user, transport=transport, values=values or {}, options=options
    )  # fmt: skip


def sipp_agent(
    scenario: str,
    folder: Path,
    *,
    port: int | None = None,
    transport: str = "u1",
    values: Mapping[str, object] | None = None,
) -> Sipp:
    """A SIPp process that waits for calls on ``port``: an agent's phone or a media server."""
    return Sipp(scenario, folder, port=port or free_port(), transport=transport, values=values or {})
