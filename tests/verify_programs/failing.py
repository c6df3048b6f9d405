"""Fails before it trains."""

raise ValueError("no data here")
