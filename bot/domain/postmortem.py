"""The write-up of an incident, and which fields its level requires."""

from enum import StrEnum


class PostmortemLevel(StrEnum):
    """How much a postmortem must tell."""

    BASIC = "basic"
    STANDARD = "standard"
    FULL = "full"
