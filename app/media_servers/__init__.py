"""Media servers: SIP user agents that play music and announcements to parked callers."""
