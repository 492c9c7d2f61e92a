"""The demo newspaper, read as data, as pages and as a run."""
