"""The service as its users meet it: commands, and whole days of calls."""
