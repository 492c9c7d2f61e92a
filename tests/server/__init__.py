"""Tests of the server with real processes."""
