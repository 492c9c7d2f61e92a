"""The tests: a mirror of the package, plus the private servers they start."""
