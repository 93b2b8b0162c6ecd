"""What one can do: plain functions of an open transaction, the time and the actor. No network, no log."""
