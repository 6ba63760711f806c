"""The event stream: what happened, told to whoever listens (SSE now)."""
