"""How urgent deliveries are, and how long a failed one waits."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.delivery import PRIORITIES, DeliveryKind, Priority, pause_before


def test_pauses_double_until_two_minutes() -> None:
    pauses = [pause_before(attempt, 0.5) / timedelta(seconds=1) for attempt in range(1, 10)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 120, 120]


@given(st.integers(-3, 10**6), st.floats(0, 1))
def test_jitter_stays_within_a_quarter(attempt: int, jitter: float) -> None:
    middle = pause_before(attempt, 0.5)
    assert middle * 0.75 <= pause_before(attempt, jitter) <= middle * 1.25


def test_pages_go_before_everything_else() -> None:
    assert min(Priority) is Priority.URGENT


def test_each_kind_of_delivery_has_its_priority_and_only_pages_are_urgent() -> None:
    assert set(PRIORITIES) == set(DeliveryKind)
    assert [kind for kind, one in PRIORITIES.items() if one is Priority.URGENT] == [DeliveryKind.PAGE]
