"""Pages that are made from the code say what the code says."""
