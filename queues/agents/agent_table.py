"""Agents: which queues each may serve, and who is open for a call now.

For every queue there is a roster: a heap, with lazy deletion, of the agents who are open and could serve a call of it,
ranked by tier, level (where the queue wants that) and the queue's strategy. An agent's entries are valid while they bear
the agent's present stamp. Whether an agent may serve a certain line is a bit of the line's audience.
"""

from collections.abc import Callable

from queues.agents.agent import Agent, IdlePlace, Told, offline
from queues.agents.audience import Audience
from queues.agents.rosters import Roster
from queues.agents.staff import Staff
from queues.agents.tally import Tally
from queues.lines.lines import Line, Lines, Place
from queues.lines.needs import surplus
from queues.model import AgentConfig, AgentId, QueueConfig, QueueId
from queues.rules.requirements import OpenWhen
from queues.standing import Standing

__all__ = ["AgentTable"]


class AgentTable:
    """``uniform`` draws a number in [0, 1) for strategies by chance.

    ``open``: the agents who are open and listed, as bits.
    """

    __slots__ = (
        "_idle_order", "_last_stamp", "_listed", "_offers_made", "_rosters", "_uniform", "agents", "audience", "open",
        "staff",
    )  # fmt: skip

    def __init__(self, uniform: Callable[[], float]) -> None:
        self._uniform = uniform
        self._listed = 0
        self._offers_made = 0
        self.agents: dict[AgentId, Agent] = {}
        self.audience = Audience()
        self.staff = Staff()
        self.open = 0
        self._rosters: dict[QueueId, Roster] = {}
        self._last_stamp = 0
        self._idle_order = 0

    def configured(self, agent: AgentId) -> Agent | None:
        found = self.agents.get(agent)
        return None if found is None or found.removed else found

    def configure(self, config: AgentConfig, now: float) -> Agent:
        """Add the agent or replace its configuration; the caller settles it afterwards."""
        agent = self.agents.get(config.id)
        if agent is None:
            self._listed += 1
            agent = Agent(config, Told(offline(config), now, now), (now, 0), self._listed)
            self.agents[config.id] = agent
            agent.place = self.audience.enter(config)
        elif agent.removed:
            self.audience.enter(config)
        else:
            self.audience.change(agent.config, config)
        agent.removed = False
        agent.config = config
        agent.since = self.audience.version
        self._assign(agent, tuple(queue for queue, roster in self._rosters.items() if roster.accepts(config)))
        return agent

    def retire(self, agent: Agent) -> None:
        """Take the agent out of every roster; ``forget`` follows when nothing is in hand any more."""
        agent.removed = True
        self._assign(agent, ())
        self.note_presence(agent)
        self.audience.leave(agent.config)

    def forget(self, agent: Agent) -> None:
        del self.agents[agent.config.id]
        self.audience.release(agent.config.id)

    def configure_queue(self, config: QueueConfig) -> None:
        roster = self._rosters.get(config.id)
        self._rosters[config.id] = fresh = Roster(config)
        for agent in self.agents.values():
            if agent.removed:
                continue
            accepted = fresh.accepts(agent.config)
            if accepted:
                fresh.size += 1
                if roster is None or config.id not in agent.serves:
                    agent.serves = (*agent.serves, config.id)
                if agent.stamp:
                    fresh.push(agent, self._standing(agent))
            elif config.id in agent.serves:
                agent.serves = tuple(queue for queue in agent.serves if queue != config.id)

    def remove_queue(self, queue: QueueId) -> None:
        del self._rosters[queue]
        for agent in self.agents.values():
            agent.tally.last_offers.pop(queue, None)
            if queue in agent.serves:
                agent.serves = tuple(other for other in agent.serves if other != queue)

    def now_idle(self, agent: Agent, now: float) -> None:
        """The agent's idle time begins (anew): at the end of the idle list."""
        self._idle_order += 1
        agent.idle = (now, self._idle_order)

    def keep_order(self, agent: Agent, idle: IdlePlace) -> None:
        """Give a restored agent its place in the idle list."""
        agent.idle = idle
        self._idle_order = max(self._idle_order, idle[1])

    def list_open(self, agent: Agent) -> None:
        """Enter the agent, who is open and unlisted, into the rosters of the queues it serves."""
        self._last_stamp += 1
        agent.stamp = self._last_stamp
        self.open |= 1 << agent.place
        standing = self._standing(agent)
        for queue in agent.serves:
            self._rosters[queue].push(agent, standing)

    def unlist(self, agent: Agent) -> None:
        if agent.stamp:
            agent.stamp = 0
            self.open &= ~(1 << agent.place)

    # --- lines and who may serve them

    def know(self, line: Line) -> None:
        """See to it that who may serve the line is known."""
        if line.seen != self.audience.version:
            self._see(line)

    def serving(self, line: Line) -> int:
        """The agents who may serve the line now, as bits."""
        self.know(line)
        return self._opened(line) if line.queue.tiered else line.audience

    def may_serve(self, agent: Agent, line: Line) -> bool:
        if line.seen >= agent.since and not line.queue.tiered:  # other agents may have changed: not this one
            return bool(line.audience >> agent.place & 1)
        return bool(self.serving(line) >> agent.place & 1)

    def first_line(self, agent: Agent, lines: Lines, before: Place | None) -> Line | None:
        """The first of a queue's listed lines that the agent may serve; None perhaps where that is not before this place."""
        bit, since = 1 << agent.place, agent.since
        for stretch in lines.heads.stretches:
            if before is not None and before < stretch.lines[0].place():
                return None
            if stretch.seen >= since and not stretch.reach & bit:
                continue
            for line in stretch.lines:
                if (line.seen < since or line.reach & bit) and self.may_serve(agent, line):
                    return line
            stretch.look_again()
        return None

    def best(self, line: Line, others: tuple[Agent, ...] = ()) -> Agent | None:
        """The agent to offer the line's next ticket to; not one of ``others``, whom it rings already."""
        among = self.serving(line) & self.open
        for other in others:
            among &= ~(1 << other.place)
        if not among:
            return None
        if line.queue.config.prefer_skilled and line is not line.queue.base:
            return self._ablest(line, among)
        return self._rosters[line.queue.config.id].best(among)

    def runners_up(self, line: Line, chosen: Agent, most: int) -> tuple[AgentId, ...]:
        """Whom the line's next ticket would go to if not to the chosen one (who is open still), the best first."""
        among = self.serving(line) & self.open & ~(1 << chosen.place)
        return self._rosters[line.queue.config.id].runners_up(among, most) if among else ()

    def note_presence(self, agent: Agent) -> bool:
        """Count the agent where it is logged in and ready now. Is it somewhere less so than before?"""
        presence, before = agent.presence(), agent.counted
        if presence == before:
            return False
        agent.counted = presence
        self.staff.change(1 << agent.place, before, presence)
        return before[1] > presence[1] or before[2] > presence[2]

    def note_all(self) -> None:
        """Queues have come or gone."""
        for agent in self.agents.values():
            self.note_presence(agent)

    def top_tier(self, queue: QueueId) -> int:
        """The highest tier that the queue has agents in."""
        return max(self.audience.tiers(queue), default=0)

    def _see(self, line: Line) -> None:
        """Look anew who may serve the line."""
        audience, queue, needs = self.audience, line.config.id, line.needs
        line.audience = line.reach = audience.of(queue, needs)
        if line.queue.tiered:
            line.reach = audience.of(queue, needs._replace(max_tier=None))
        line.seen = audience.version

    def _opened(self, line: Line) -> int:
        """Tier after tier is open, until somebody is present in the open ones."""
        rules = line.config.tier_rules
        present = (
            self.staff.all_ready
            if rules is not None and rules.open_when is OpenWhen.NONE_READY
            else self.staff.everybody
        )
        if line.needs.max_tier is None or line.audience & present:
            return line.audience
        for tier in self.audience.tiers(line.config.id):
            if tier > line.needs.max_tier:
                wider = self.audience.of(line.config.id, line.needs._replace(max_tier=tier))
                if wider & present:
                    return wider
        return line.audience

    def _ablest(self, line: Line, among: int) -> Agent | None:
        """The line asks for other levels than its queue does: its order is not that of the roster."""
        queue = line.queue.config.id
        ranked = self._rosters[queue].ranked(among)
        return min(
            ranked, key=lambda agent: (_tier(agent.config, queue), -surplus(agent.config, line.needs)), default=None
        )

    def picked(self, agent: Agent, queue: QueueId) -> None:
        """The agent is being offered a call of the queue (and is in its roster still, if it was)."""
        self._offers_made += 1
        agent.tally.last_offers[queue] = self._offers_made
        roster = self._rosters.get(queue)
        if roster is not None:
            roster.picked(agent)

    def keep_tally(self, agent: Agent, tally: Tally) -> None:
        """Give a restored agent what was counted of it."""
        agent.tally = tally
        self._offers_made = max(self._offers_made, tally.last_number())

    def _standing(self, agent: Agent) -> Standing:
        """What holds of the agent in every queue; its rosters add what holds in theirs."""
        idle_since, idle_order = agent.idle
        tally = agent.tally
        return Standing(
            agent.config, agent.occupied, idle_since, idle_order, tally.calls, tally.talk_seconds, 0, 0, agent.listed,
            self._uniform,
        )  # fmt: skip

    def _assign(self, agent: Agent, serves: tuple[QueueId, ...]) -> None:
        for queue in agent.serves:
            self._rosters[queue].size -= 1
        for queue in serves:
            self._rosters[queue].size += 1
        agent.serves = serves
        self.unlist(agent)


def _tier(agent: AgentConfig, queue: QueueId) -> int:
    member = agent.members.get(queue)
    return member.penalty if member is not None else 0
