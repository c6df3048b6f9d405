"""What several losses on one trunk cost, form by form: `python -m benchmarks.heads`."""
