"""The door of time: what happens by itself."""
