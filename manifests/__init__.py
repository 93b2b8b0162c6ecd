"""What a person hands to another system or to us: the Slack app manifest and an organization file."""

from importlib import resources


def text(name: str) -> str:
    """The content of a manifest, such as `slack-app.yaml`."""
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
