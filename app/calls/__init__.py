"""Live calls: what is going on now, and what a supervisor may do about it."""
