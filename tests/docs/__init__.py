"""Tests that the documentation keeps up with the code."""
