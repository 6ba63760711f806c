"""The queue engine: who serves whom, and when. Pure decisions: no I/O, no clock, nothing of the other rooms.

The door is ``engine``; its words are ``commands``, ``outputs`` and ``views``; what it serves is named in ``model`` and
``rules/``. Below the door, each knowing only what stands under it:

- ``handlers/``: what each command does to the floor.
- ``matching/``: who may come in, who is offered to whom, where a call goes that nobody can serve.
- ``insight/``: what callers may expect, and why a decision fell as it did.
- ``floor/``: everything that lives, with its instants and its rows.
- ``agents/``: who serves, ranked for each line by one of the ``strategies/``.
- ``lines/``: who waits, in lines of equal needs.
"""
