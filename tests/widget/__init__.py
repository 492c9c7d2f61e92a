"""The widget: fresh, strict, and driven by readers in a real browser."""
