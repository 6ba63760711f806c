"""What goes on inside, for operators."""
