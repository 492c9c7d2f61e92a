"""What is measured: `./dev bench NAME` runs the module of that name."""
