"""A program that is run with -m, whose step is in a module of its own."""
