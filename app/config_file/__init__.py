"""Configuration as a file: read, checked as a whole, and imported in one transaction."""
