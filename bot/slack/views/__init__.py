"""Facts → Block Kit. Pure: views see facts only."""
