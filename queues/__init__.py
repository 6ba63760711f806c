"""The queue engine: who serves whom, and when. Pure decisions: no I/O, no clock, nothing of the other rooms.

- The door and its words: ``engine``, ``commands``, ``outputs``, ``views``.
- Configuration: ``model``, ``requirements``, ``overflow``, ``agent_rules``.
- The floor, where everything lives: ``floor``, changed by ``ticket_commands``, ``offer_commands``, ``agent_commands``,
  ``dispatch_commands``, ``callback_commands``, ``door_commands`` and ``configuring``; its instants: ``deadlines``.
- Who waits: ``lines`` (``needs``, ``heaps``, ``ranking``); whether and where it may: ``doors``, ``admitting``, ``flowing``,
  ``places``.
- Who serves: ``agent_table`` (``audience``, ``rosters``, ``staff``, ``tally``), ``pausing``, ``wrap_ups``, ``telling``.
- Who is offered to whom: ``matching``, ``strategies/``; several phones: ``ringing``, ``joining``; kept for one agent:
  ``reserving``, ``sticky``.
- What is learnt and explained: ``waits``, ``expected_wait``, ``decisions``, ``explain``.
- What survives: ``snapshot``, ``restoring``.
"""
