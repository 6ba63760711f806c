"""The queue engine: who serves whom, and when. Pure decisions: no I/O, no clock, nothing of the other rooms."""
