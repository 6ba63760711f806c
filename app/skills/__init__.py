"""Skills: the vocabulary that queues require and agents have."""
