"""What must hold when something breaks in the middle of a write."""
