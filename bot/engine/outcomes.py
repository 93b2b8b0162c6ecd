"""What comes of an attempt: when the next one follows, and what the log and the metrics are told."""

import random
from dataclasses import replace
from datetime import timedelta

import structlog

from bot.domain.delivery import (
    LONGEST_PAUSE,
    LONGEST_PAUSE_OF_PAGES,
    ClaimedDelivery,
    DeliveryKind,
    Dropped,
    InDoubt,
    Never,
    Outcome,
    Sent,
    TryAgain,
    pause_before,
)
from bot.metrics import Metrics

log = structlog.get_logger()


def next_attempt(delivery: ClaimedDelivery, outcome: Outcome) -> ClaimedDelivery:
    """What would be claimed if the outcome were written down."""
    is_wait = isinstance(outcome, TryAgain) and outcome.is_wait
    is_in_doubt = delivery.is_in_doubt or isinstance(outcome, InDoubt)
    return replace(delivery, attempt=delivery.attempt + (not is_wait), is_in_doubt=is_in_doubt)


def pause_after(delivery: ClaimedDelivery, outcome: Outcome) -> timedelta:
    if isinstance(outcome, TryAgain) and outcome.after is not None:
        return outcome.after
    longest = LONGEST_PAUSE_OF_PAGES if delivery.owed.kind is DeliveryKind.PAGE else LONGEST_PAUSE
    return pause_before(delivery.attempt, random.random(), longest)  # noqa: S311 - jitter is no secret


def report(delivery: ClaimedDelivery, outcome: Outcome) -> None:
    facts = {
        "kind": delivery.owed.kind.value,
        "delivery": delivery.id,
        "incident": delivery.number,
        "person": delivery.owed.person_id,
        "attempt": delivery.attempt,
    }
    match outcome:
        case Sent():
            log.info("delivered", **facts)
        case Dropped():
            log.info("delivery dropped", **facts)
        case Never(why):
            log.error("delivery failed", why=why, **facts)
        case TryAgain(why) | InDoubt(why):
            log.warning("delivery not yet", why=why, outcome=type(outcome).__name__, **facts)


def count(metrics: Metrics, delivery: ClaimedDelivery, outcome: Outcome, took: timedelta) -> None:
    """`took`: since it was owed."""
    kind = delivery.owed.kind.value
    metrics.delivery(kind, delivery.owed.method or "slack", type(outcome).__name__)
    if isinstance(outcome, Sent):
        metrics.delivered(kind, took)
    if isinstance(outcome, TryAgain) and outcome.is_rate_limit:
        metrics.rate_limited("slack", kind)
