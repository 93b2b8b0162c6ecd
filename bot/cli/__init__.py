"""The commands: one file each. `python -m bot COMMAND`."""
