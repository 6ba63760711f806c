"""Registrations on their way to the database and back."""
