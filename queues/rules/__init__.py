"""What is configured: requirements, overflow, sticky agents, what agents may do. ``queues.model`` puts it together."""
