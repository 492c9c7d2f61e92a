"""What the widget's benchmark is made of."""
