"""Where phones are registered: in memory, behind it in the database, and over REST."""
