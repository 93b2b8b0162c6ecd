"""What a person hands to another system or to us: the Slack app manifest and organization files."""

from importlib.resources import files


def text(name: str) -> str:
    """The content of the file of that name: `slack-app.yaml`, `organization.yaml`."""
    return files(__name__).joinpath(name).read_text("utf-8")
