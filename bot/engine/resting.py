"""What rests: lanes from one message to the next, and kinds of which Slack wants no more for now."""

from collections.abc import Collection
from datetime import datetime

from bot.domain.delivery import LIMITED_TOGETHER, Delivery, DeliveryKind, Outcome, Sent, TryAgain
from bot.engine.clock import Clock


class Resting:
    """What the other side would refuse is not even asked; messages are limited channel by channel."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[str, datetime] = {}
        self._kinds: dict[DeliveryKind, datetime] = {}

    @property
    def lanes(self) -> frozenset[str]:
        """Those that were served a moment ago and are kept waiting for their pace."""
        return frozenset(self._lanes)

    @property
    def kinds(self) -> frozenset[DeliveryKind]:
        """Those of which the other side has asked for no more for now."""
        return frozenset(self._kinds)

    @property
    def until(self) -> Collection[datetime]:
        """When each of them goes on."""
        return [*self._lanes.values(), *self._kinds.values()]

    def learn(self, owed: Delivery, outcome: Outcome) -> None:
        """What came of an attempt says how long others wait."""
        match outcome:
            case TryAgain(is_rate_limit=True, after=after) if after and owed.kind in LIMITED_TOGETHER:
                self._kinds[owed.kind] = self._clock.after(after)
            case Sent(rest=rest) if rest:
                self._lanes[owed.lane] = self._clock.after(rest)

    def go_on(self, now: datetime) -> None:
        """What has rested long enough does so no longer."""
        self._lanes = {lane: until for lane, until in self._lanes.items() if until > now}
        self._kinds = {kind: until for kind, until in self._kinds.items() if until > now}
