"""The media port and its kinds."""
