"""The real process under steady load while something lasts: Slack in trouble, a slow reader, a storm.

`python -m tests.soak` gives the full doses and prints the figures; the tests here give short ones and
assert what does not depend on the machine's speed.
"""
