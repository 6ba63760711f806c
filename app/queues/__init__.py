"""Queues as configuration (the engine that serves them is the top-level package ``queues``)."""
