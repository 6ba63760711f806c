"""Who serves: agents with their states, and the rosters in which they stand ranked for each line."""
