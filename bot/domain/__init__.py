"""What is true: pure values and rules. No clock, no I/O, the standard library only."""
