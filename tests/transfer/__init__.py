"""Tests of exporting and importing."""
