"""Sequence model with a state kept by the encoder."""
