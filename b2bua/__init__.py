"""A call as data: legs, parking, bridging and recovery. Knows SIP (``sipcore``) and nothing of queues or agents."""
