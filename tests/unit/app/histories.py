"""Call histories for tests: lists of facts as the call centre would tell them."""

from collections.abc import Iterator
from itertools import count

from hypothesis import strategies as st

from app.configuration import Agent, Queue, ServiceLevel
from app.facts import AgentState, CallEvent, CallRecord, Fact, Outcome, WrapUp
from queues.model import AgentConfig, AgentId, QueueConfig, QueueId, Requirement

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z
THRESHOLD = 20.0


def queue(queue_id: str = "q1", name: str = "support", *needs: Requirement) -> Queue:
    return Queue(QueueConfig(QueueId(queue_id), name, needs), ServiceLevel(0.8, THRESHOLD))


def agent(agent_id: str = "a1", name: str = "ana", **skills: int) -> Agent:
    return Agent(AgentConfig(AgentId(agent_id), name, skills), f"sip:{name}@callyard")


class Story:
    """Tells one call after another, every fact with an id of its own."""

    def __init__(self) -> None:
        self.ids: Iterator[int] = count(1)
        self.facts: list[Fact] = []

    def new_id(self) -> str:
        return f"00000000-0000-7000-8000-{next(self.ids):012}"

    def step(self, call: str, kind: str, time: float, **fields: object) -> None:
        fields.setdefault("queue", "q1")
        self.facts.append(CallEvent(self.new_id(), time, kind, call, **fields))  # type: ignore[arg-type]

    def agent(self, agent_id: str, routing_state: str, time: float, status: str = "available") -> None:
        self.facts.append(AgentState(self.new_id(), time, agent_id, status, routing_state))

    def waits(self, call: str, time: float, queue_id: str = "q1", priority: int = 0) -> None:
        self.step(call, "arrived", time, caller="+491", called="support")
        self.step(call, "queued", time, queue=queue_id, priority=priority)
        self.step(call, "parked", time, queue=queue_id)

    def talks(self, call: str, time: float, queue_id: str = "q1") -> None:
        self.step(call, "offered", time, queue=queue_id, agent="a1", offer="o" + call)
        self.step(call, "ringing", time, queue=queue_id, agent="a1", offer="o" + call)
        self.step(call, "answered", time, queue=queue_id, agent="a1", offer="o" + call)
        self.step(call, "connected", time, queue=queue_id, agent="a1", offer="o" + call)

    def ends(
        self, call: str, outcome: Outcome, arrived: float, ended: float, *, wait: float, queue_id: str = "q1",
        queued: bool = True, talk: float = 0.0, expected_wait_ms: int | None = None, segments: int = 1,
        overflow_cause: str | None = None,
    ) -> None:  # fmt: skip
        self.step(call, "ended", ended, queue=queue_id)
        answered = outcome == "answered"
        self.facts.append(
            CallRecord(
                self.new_id(), call, f"{call}@peer", "+491", "support", queue_id, "a1" if answered else None, arrived,
                arrived if queued else None, arrived + wait if answered else None, ended, outcome, "normal",
                round(wait * 1000), 1000, round(talk * 1000), 1, 0,
                within_threshold=wait <= THRESHOLD if outcome in ("answered", "abandoned") else None,
                short_abandon=outcome == "abandoned" and wait <= 5.0, ended_by="caller", expected_wait_ms=expected_wait_ms,
                segments=segments, overflow_cause=overflow_cause,
            )
        )  # fmt: skip

    def wrapped_up(self, call: str, time: float, seconds: float) -> None:
        self.facts.append(WrapUp(self.new_id(), time, call, "a1", round(seconds * 1000)))


SCRIPTS = st.lists(
    st.tuples(
        st.sampled_from(["answered", "abandoned", "flowed_out", "system", "rejected", "waiting", "talking", "moved"]),
        st.integers(0, 40_000),  # wait, ms
        st.integers(0, 90_000),  # talk, ms
        st.sampled_from(["q1", "q2"]),
        st.sampled_from([None, 0, 7_500]),  # wrap-up, ms
        st.integers(-3, 3),  # priority
        st.sampled_from([0.0, -40_000.0]),  # today or yesterday evening
    ),
    max_size=12,
)


def told(script: list[tuple[str, int, int, str, int | None, int, float]]) -> list[Fact]:
    """The facts of a script, in the order of their times (calls overlap)."""
    story = Story()
    for number, (end, wait_ms, talk_ms, queue_id, wrap_up_ms, priority, shift) in enumerate(script):
        call = f"00000000-0000-7000-9000-{number:012}"
        start = NOON + shift + 10 * number
        wait, talk = wait_ms / 1000, talk_ms / 1000
        if end == "rejected":
            story.step(call, "arrived", start, queue=queue_id)
            story.ends(call, "rejected", start, start, wait=0.0, queue_id=queue_id, queued=False)
            continue
        story.waits(call, start, queue_id, priority)
        if end == "moved":
            story.step(call, "requeued", start + wait, queue="q2" if queue_id == "q1" else "q1")
        if end in ("answered", "talking"):
            story.talks(call, start + wait, queue_id)
        if end == "answered":
            story.ends(call, "answered", start, start + wait + talk, wait=wait, queue_id=queue_id, talk=talk)
            if wrap_up_ms is not None:
                story.wrapped_up(call, start + wait + talk + wrap_up_ms / 1000, wrap_up_ms / 1000)
        elif end in ("abandoned", "flowed_out", "system"):
            story.ends(call, end, start, start + wait, wait=wait, queue_id=queue_id)  # type: ignore[arg-type]
    return sorted(story.facts, key=lambda fact: fact.ended_at if isinstance(fact, CallRecord) else fact.time)  # type: ignore[union-attr]
