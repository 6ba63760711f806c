"""Reports from stored facts."""
