"""Dispositions: the words for what came of a call."""
