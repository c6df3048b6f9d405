"""The command line: `main` reads it, one module a sub-command answers it."""
