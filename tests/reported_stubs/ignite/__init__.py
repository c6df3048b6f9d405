"""A stand-in for ignite: see `engine`."""
