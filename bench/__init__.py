"""Load scenarios and what they measured: ``make bench``."""
