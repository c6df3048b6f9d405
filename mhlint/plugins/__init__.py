"""The ways in from other tools."""
