"""Random PyTorch training programs, what PyTorch does with them, and whether the analyser says the same."""
