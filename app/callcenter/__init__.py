"""The one place that speaks both vocabularies: calls and legs (``b2bua``) here, tickets and offers (``queues``) there.

Pure, like both: events and time in, commands to the two engines and facts out. A call's ticket has the call's id, an offer's
leg the offer's id, so that nothing has to be translated but words.

- ``callcenter``: the door.
- ``desk``: what its rooms share: the two engines, the live calls, and how they are told and noted.
- ``memory``: whom callers talked with last.
- ``waiting``: a call arrives, is queued and parked, and hears something.
- ``announcing``: it is told its position and the expected wait between the music.
- ``offering``: an agent is rung for it and connected, or not.
- ``calling_back``: it is called back instead of waiting on the line; ``agent_first``: the agent before the customer.
- ``dispatching``: a supervisor moves it, or gives it to an agent.
- ``leaving``: it ends, or (``flowing_out``) leaves its queue without an agent.
- ``opening_hours``: queues open and close by their calendars.
- ``workplaces``: agents' states, phones and codes; ``feature_calls``: the same by telephone; ``guesses``: wrong PINs.
"""

from app.callcenter.callcenter import CallCenter

__all__ = ["CallCenter"]
