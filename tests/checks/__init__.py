"""Labelled inputs, written apart from the code that they judge, and what is measured with them."""
