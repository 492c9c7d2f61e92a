"""The JSON API: one module per audience, and how its input is read."""
