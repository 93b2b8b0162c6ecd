"""The door to people by e-mail, out."""
