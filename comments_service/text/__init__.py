"""From source text to safe text: pure functions, no database and no request."""
