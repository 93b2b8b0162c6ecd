"""Slack's rate limits: tiers a minute for each method, and about one message a second a channel.

A token bucket each: `Retry-After` is the time until the next token, so who waits as told gets through.
Source: https://docs.slack.dev/apis/web-api/rate-limits.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

_TIERS = {1: 1, 2: 20, 3: 50, 4: 100}  #: calls a minute
_MESSAGE_BURST, _MESSAGES_A_SECOND = 4, 1.0

_METHODS: dict[int, str] = {
    2: """conversations.create conversations.archive conversations.unarchive conversations.rename
        conversations.list conversations.setTopic conversations.setPurpose users.list usergroups.list
        usergroups.create usergroups.update usergroups.enable usergroups.disable usergroups.users.update
        usergroups.users.list pins.add pins.remove pins.list bookmarks.add bookmarks.edit bookmarks.remove
        reactions.remove""",
    3: """chat.update chat.delete conversations.invite conversations.join conversations.open
        conversations.history conversations.replies conversations.info conversations.kick
        users.lookupByEmail users.conversations bookmarks.list reactions.add reactions.get team.info""",
    4: """chat.postEphemeral conversations.members views.open views.push views.update views.publish users.info
        files.getUploadURLExternal files.completeUploadExternal""",
}
TIER = {method: tier for tier, methods in _METHODS.items() for method in methods.split()}


@dataclass
class _Bucket:
    tokens: float
    at: float


class RateLimits:
    def __init__(self, clock: Callable[[], float]) -> None:
        self.enabled = True
        self._clock = clock
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def wait(self, app_id: str, method: str, channel: str) -> int:
        """Seconds the caller must wait, rounded up; 0 lets the call through and counts it."""
        if not self.enabled:
            return 0
        if method == "chat.postMessage":
            return self._take((app_id, method, channel), _MESSAGE_BURST, _MESSAGES_A_SECOND)
        if method not in TIER:
            return 0
        a_minute = _TIERS[TIER[method]]
        return self._take((app_id, method), a_minute, a_minute / 60)

    def _take(self, key: tuple[str, ...], size: float, a_second: float) -> int:
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(size, now))
        bucket.tokens = min(size, bucket.tokens + max(0.0, now - bucket.at) * a_second)
        bucket.at = now
        if bucket.tokens >= 1 - 1e-9:
            bucket.tokens -= 1
            return 0
        return max(1, math.ceil((1 - bucket.tokens) / a_second - 1e-9))
