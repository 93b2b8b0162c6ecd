"""How a person can be reached."""

from collections.abc import Mapping
from enum import StrEnum

from bot.domain.ids import PersonId


class Method(StrEnum):
    """A contact method; the API calls it a channel."""

    SLACK = "slack"
    EMAIL = "email"


#: By which methods each person is reached; who is missing is reached by Slack.
Methods = Mapping[PersonId, tuple[Method, ...]]

#: How somebody is reached of whom nothing else is said.
USUAL = (Method.SLACK,)
