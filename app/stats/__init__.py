"""Statistics of queues, live."""
