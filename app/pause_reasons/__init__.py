"""Pause reasons: why agents pause, how long, and how many of them at once."""
