"""Agents: their configuration, and their state by way of the live core."""
