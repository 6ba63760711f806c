"""Phones: desks that register, at which agents log in."""
