"""The shapes of what Slack sends, as far as Bolt and the listeners take them for granted.

What is missing is missing; what is there has its type. Without this a signed `"view": null` or an empty list
of actions made Bolt 1.30 answer 500.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class _User(_Part):
    id: str
    team_id: str | None = None


class _Team(_Part):
    id: str | None = None


class _Channel(_Part):
    id: str


class _Option(_Part):
    value: str = ""


class _Input(_Part):
    value: str | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] | None = None
    selected_user: str | None = None
    #: Unix seconds.
    selected_date_time: int | None = None


class _Action(_Input):
    action_id: str


class _State(_Part):
    #: Where nothing can be filled in, Slack may send an empty list.
    values: dict[str, dict[str, _Input]] | Annotated[list[Any], Field(max_length=0)] = Field(
        default_factory=dict
    )


class _Element(_Part):
    type: str = ""
    initial_value: str | None = None


class _Block(_Part):
    block_id: str = ""
    element: _Element | None = None


class _View(_Part):
    id: str = ""
    callback_id: str = ""
    private_metadata: str = ""
    state: _State | None = None
    blocks: list[_Block] = Field(default_factory=list)


class _Event(_Part):
    type: str


class _Request(_Part):
    """An interaction or an event."""

    type: str
    trigger_id: str = ""
    event_id: str = ""
    response_url: str = ""
    callback_id: str = ""
    challenge: str = ""
    user: _User = Field(default_factory=lambda: _User(id=""))
    team: _Team | None = None
    channel: _Channel = Field(default_factory=lambda: _Channel(id=""))
    message: dict[str, Any] = Field(default_factory=dict)
    #: Of the message or view in which a button was pressed.
    container: dict[str, Any] = Field(default_factory=dict)
    actions: list[_Action] = Field(default_factory=list, min_length=1)
    view: _View = Field(default_factory=_View)
    event: _Event = Field(default_factory=lambda: _Event(type=""))


_REQUEST = TypeAdapter(_Request)


def check(request: object) -> None:
    """Raises ValueError unless this is an object of the shape that Slack sends."""
    _REQUEST.validate_python(request)
