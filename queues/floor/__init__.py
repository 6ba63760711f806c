"""Everything that lives, in one place, with its instants and rows. Above lines and agents; below all that decides."""
