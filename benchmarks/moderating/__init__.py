"""The parts of `./dev bench moderate`."""
