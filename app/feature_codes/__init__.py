"""Feature codes: what a phone dials to change an agent's state."""
