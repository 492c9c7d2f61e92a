"""Tests of the pure functions from source to safe text."""
