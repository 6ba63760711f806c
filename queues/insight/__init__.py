"""What callers may expect, and why a decision fell as it did."""
