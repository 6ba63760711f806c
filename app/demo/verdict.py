"""The judge: does every caller's own view agree with the report, and did everybody hear whom they should have heard?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.demo.plan import Play
from app.demo.views import AgentView, CallerView
from app.demo.voices import agent_voice, caller_voice, music_voice

__all__ = ["Record", "Summary", "judge", "records_of", "summary_of"]

_TOLERANCE: Final = 1.0  # seconds between what a caller measured and what the report says
_PACKETS_A_SECOND: Final = 50
_LEAST_SHARE: Final = 0.6  # of the packets that were due; the rest is change-over and jitter
_SETTLING: Final = 0.5  # seconds in which a voice need not have arrived yet


@dataclass(frozen=True, slots=True)
class Record:
    """One call of the report, as far as the judge looks at it. ``queue`` and ``agent`` by name."""

    caller: str
    queue: str
    agent: str
    outcome: str
    ended_by: str
    wait_seconds: float
    talk_seconds: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one side; both sides must come to the same."""

    calls: int
    answered: int
    abandoned: int
    other: int


def records_of(items: Iterable[Mapping[str, Any]]) -> list[Record]:
    """The report's items."""
    return [
        Record(
            caller=_user(str(item["caller"])),
            queue=item["queue"] or "",
            agent=item["agent"] or "",
            outcome=item["outcome"],
            ended_by=item["ended_by"],
            wait_seconds=item["wait_seconds"],
            talk_seconds=item["talk_seconds"],
        )
        for item in items
    ]


def _user(uri: str) -> str:
    """``"x" <sip:caller07@h:1>`` and ``sip:caller07@h`` are both caller07."""
    return uri.partition("sip:")[2].partition("@")[0] or uri


def summary_of(outcomes: Iterable[str]) -> Summary:
    counts = Counter(outcomes)
    answered, abandoned = counts["answered"], counts["abandoned"]
    calls = counts.total()
    return Summary(calls, answered, abandoned, calls - answered - abandoned)


def judge(
    play: Play, callers: Sequence[CallerView], agents: Sequence[AgentView], records: Sequence[Record]
) -> list[str]:
    """What is wrong, a sentence each; nothing where every call ended as it should and both sides agree."""
    problems = [*_attendance(play, callers, records)]
    by_caller = {record.caller: record for record in records}
    for view in callers:
        problems += _ending(view)
        problems += _hearing(play, view)
        record = by_caller.get(view.name)
        if record is not None:
            problems += [f"{view.name}: {difference}" for difference in _differences(view, record)]
    return problems + _agents(callers, agents)


def _attendance(play: Play, callers: Sequence[CallerView], records: Sequence[Record]) -> list[str]:
    problems = []
    expected = {part.name for part in play.callers}
    for side, names in (("caller's view", [v.name for v in callers]), ("report", [r.caller for r in records])):
        counted = Counter(names)
        problems += [f"{side}: {name} is missing" for name in sorted(expected - counted.keys())]
        problems += [f"{side}: {name} is there {count} times" for name, count in counted.items() if count > 1]
        problems += [f"{side}: {name} is a stranger" for name in sorted(counted.keys() - expected)]
    return problems


def _ending(view: CallerView) -> list[str]:
    if view.end in ("talked", "gave_up"):
        return []
    return [f"{view.name}: {view.end}: {view.detail}"]


def _hearing(play: Play, view: CallerView) -> list[str]:
    music = music_voice(next(queue.music for queue in play.queues if queue.name == view.queue))
    problems = []
    if view.music_seconds is not None:
        problems += _enough(view, music, view.music_seconds, "waiting")
    if view.end == "talked":
        problems += _enough(view, agent_voice(view.agent), view.talk_seconds, "talking")
    allowed = {music, agent_voice(view.agent)} if view.agent else {music}
    return problems + [f"{view.name}: heard {voice}" for voice in sorted(view.heard.keys() - allowed)]


def _enough(view: CallerView, voice: str, seconds: float, doing: str) -> list[str]:
    due = max(0.0, seconds - _SETTLING) * _PACKETS_A_SECOND
    heard = view.heard.get(voice, 0)
    if heard >= due * _LEAST_SHARE:
        return []
    return [f"{view.name}: heard {heard} packets of {voice} in {seconds:.1f} s of {doing}"]


def _differences(view: CallerView, record: Record) -> Iterable[str]:
    outcome = {"talked": "answered", "gave_up": "abandoned"}.get(view.end, view.end)
    if record.queue != view.queue:
        yield f"called {view.queue}, the report says {record.queue}"
    if record.outcome != outcome and not view.crossed:
        yield f"{view.end}, the report says {record.outcome}"
    if abs(record.wait_seconds - view.wait_seconds) > _TOLERANCE:
        yield f"waited {view.wait_seconds:.1f} s, the report says {record.wait_seconds:.1f} s"
    if view.end != "talked":
        return
    if record.agent != view.agent:
        yield f"talked to {view.agent}, the report says {record.agent or 'nobody'}"
    if abs(record.talk_seconds - view.talk_seconds) > _TOLERANCE:
        yield f"talked for {view.talk_seconds:.1f} s, the report says {record.talk_seconds:.1f} s"
    if record.ended_by != view.ended_by and not view.detail:
        yield f"the {view.ended_by} hung up, the report says {record.ended_by}"


def _agents(callers: Sequence[CallerView], agents: Sequence[AgentView]) -> list[str]:
    """Who was heard by a caller has heard that caller."""
    heard = {agent.name: agent.heard for agent in agents}
    return [
        f"{view.agent} did not hear {view.name}"
        for view in callers
        if view.end == "talked" and not heard.get(view.agent, {}).get(caller_voice(view.name))
    ]
