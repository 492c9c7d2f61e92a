"""Tests of the widget's files as they are served."""
