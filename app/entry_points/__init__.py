"""Entry points: which called user leads into which queue."""
