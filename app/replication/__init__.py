"""Registrations shared with other nodes over a DMQ bus."""
