"""The door to people by e-mail: letters out. Nothing comes in."""
