"""Projections: the live picture that REST and the event stream read, fed by facts, never by live objects."""
