"""The real process under load, killed at random moments: afterwards every promise is checked.

The workspace and the mail server are the witnesses: they keep their own record of what they received.
Times are of the real clock, for the process has no other; nothing is asserted about them here but in
`python -m tests.crash`, which does what the tests do for longer, and prints the figures.
"""
