"""Deciding: who may come in, who is offered to whom, and where a call goes that nobody can serve."""
