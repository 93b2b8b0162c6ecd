"""Rate limits: Slack's tiers, and one message a second in a channel. Source: Slack's rate limit docs."""

from collections import deque
from collections.abc import Callable

_MINUTE = 60.0
_TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
_TIER_OF = {
    "conversations.create": 2,
    "conversations.list": 2,
    "conversations.archive": 2,
    "conversations.rename": 2,
    "pins.add": 2,
    "pins.list": 2,
    "bookmarks.add": 2,
    "users.list": 2,
    "usergroups.list": 2,
    "usergroups.create": 2,
    "usergroups.update": 2,
    "usergroups.users.update": 2,
    "apps.connections.open": 1,
    "users.info": 4,
    "views.open": 4,
    "views.push": 4,
    "views.update": 4,
    "views.publish": 4,
    "chat.postEphemeral": 4,
    "users.conversations": 3,
    "conversations.members": 4,
    "auth.test": 4,
    "chat.getPermalink": 4,
}
#: Messages that may come at once to a channel before one a second is held to.
_BURST = 4
#: Slack lets a short excess pass.
_SLACK = 1.2


class Limits:
    """Counts calls by method, and messages by channel."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.enabled = True
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._allowance: dict[str, tuple[float, float]] = {}

    def retry_after(self, method: str, channel: str | None) -> int | None:
        """Seconds to wait before this call is allowed; None when it is, and then it counts."""
        if not self.enabled:
            return None
        if method == "chat.postMessage":
            return self._message(channel or "")
        per_minute = _TIERS[_TIER_OF.get(method, 3)] * _SLACK
        if method == "apps.connections.open":
            per_minute = 20
        calls, now = self._calls.setdefault(method, deque()), self._clock()
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) >= per_minute:
            return max(1, int(calls[0] + _MINUTE - now) + 1)
        calls.append(now)
        return None

    def _message(self, channel: str) -> int | None:
        now = self._clock()
        allowance, since = self._allowance.get(channel, (float(_BURST), now))
        allowance = min(_BURST, allowance + max(now - since, 0.0))
        if allowance < 1:
            return 1
        self._allowance[channel] = (allowance - 1, now)
        return None
