"""What a person hands to another system or to us: the Slack app manifest and organization files."""
