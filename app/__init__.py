"""The composition root: settings, wiring, the one timer, database, REST, events, reports and the command line."""
