"""What is counted, for Prometheus."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from bot.domain.backlog import Backlog

disable_created_metrics()  # type: ignore[no-untyped-call] # the library has left it out

_LAGS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """One set of metrics for the process; each has its own registry, so that tests do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._operations = Counter(
            "tocsin_operations",
            "Operations, by the door they came through, their name, and ok or the code of the refusal.",
            ("door", "operation", "result"),
            registry=self.registry,
        )
        self._deliveries = Counter(
            "tocsin_deliveries",
            "Attempts to deliver, by kind, contact method and outcome.",
            ("kind", "method", "outcome"),
            registry=self.registry,
        )
        self._delivery_seconds = Histogram(
            "tocsin_delivery_seconds",
            "From when a delivery was owed until it arrived.",
            ("kind",),
            buckets=_LAGS,
            registry=self.registry,
        )
        self._deadline_seconds = Histogram(
            "tocsin_deadline_lateness_seconds",
            "From when a deadline was due until it was carried out.",
            buckets=_LAGS,
            registry=self.registry,
        )
        self._taken_up = Histogram(
            "tocsin_deadline_taken_up_seconds",
            "From when the earliest of some deadlines was due until they were taken up together.",
            buckets=_LAGS,
            registry=self.registry,
        )
        self._rerouted = Counter(
            "tocsin_pages_rerouted",
            "Pages that went out by another contact method, because theirs did not answer.",
            ("method", "to"),
            registry=self.registry,
        )
        self._rate_limits = Counter(
            "tocsin_rate_limits",
            "Requests refused because of a rate limit: Slack's to us, and ours to callers of the API.",
            ("door", "what"),
            registry=self.registry,
        )
        self._slack_refusals = Counter(
            "tocsin_slack_refusals",
            "Requests to /slack/events that are not taken for Slack's, by what is wrong with them.",
            ("what",),
            registry=self.registry,
        )
        self._open = Gauge("tocsin_open_incidents", "Open incidents.", ("severity",), registry=self.registry)
        self._waiting = Gauge(
            "tocsin_outbox_deliveries",
            "Deliveries that wait or are under way.",
            ("state",),
            registry=self.registry,
        )
        self._deadline_lag = Gauge(
            "tocsin_deadline_lag_seconds", "How overdue the most overdue deadline is.", registry=self.registry
        )
        self._outbox_lag = Gauge(
            "tocsin_outbox_lag_seconds",
            "For how long the delivery that may go out has been owed.",
            registry=self.registry,
        )
        self._ready = Gauge(
            "tocsin_ready", "Whether a part works: 1 or 0.", ("part",), registry=self.registry
        )

        self._restarts = Counter(
            "tocsin_restarts",
            "How often a part of Tocsin died and was begun again.",
            ("part",),
            registry=self.registry,
        )
        self._loop_lag = Histogram(
            "tocsin_loop_lag_seconds",
            "How late the event loop turned, measured once a second.",
            buckets=_LAGS,
            registry=self.registry,
        )
        self._overdue = Gauge(
            "tocsin_overdue",
            "Deadlines more than 10 s and deliveries more than 60 s overdue, as the auditor last saw them.",
            ("what",),
            registry=self.registry,
        )

        self._calendars = Gauge(
            "tocsin_imported_calendar",
            "Whether a calendar that is a schedule's layer could be read when it last was: 1 or 0.",
            ("schedule", "layer"),
            registry=self.registry,
        )

    def imported_calendars(self, works: Mapping[tuple[str, str], bool]) -> None:
        """These and no others, by schedule and layer."""
        self._calendars.clear()
        for (schedule, layer), is_right in works.items():
            self._calendars.labels(schedule, layer).set(is_right)

    def restarted(self, part: str) -> None:
        self._restarts.labels(part).inc()

    def loop_lagged(self, seconds: float) -> None:
        self._loop_lag.observe(max(seconds, 0))

    def overdue(self, what: str, count: int) -> None:
        self._overdue.labels(what).set(count)

    def operation(self, door: str, name: str, result: str) -> None:
        self._operations.labels(door, name, result).inc()

    def delivery(self, kind: str, method: str, outcome: str) -> None:
        self._deliveries.labels(kind, method, outcome).inc()

    def delivered(self, kind: str, after: timedelta) -> None:
        self._delivery_seconds.labels(kind).observe(max(after.total_seconds(), 0))

    def deadlines_taken_up(self, late: timedelta) -> None:
        self._taken_up.observe(max(late.total_seconds(), 0))

    def deadline_fired(self, late: timedelta) -> None:
        self._deadline_seconds.observe(max(late.total_seconds(), 0))

    def rerouted(self, method: str, to: str) -> None:
        self._rerouted.labels(method, to).inc()

    def rate_limited(self, door: str, what: str) -> None:
        self._rate_limits.labels(door, what).inc()

    def slack_refused(self, what: str) -> None:
        self._slack_refusals.labels(what).inc()

    def exposition(
        self, backlog: Backlog | None, ready: Mapping[str, bool], severities: Iterable[str]
    ) -> bytes:
        """All of it in Prometheus' text format; without a backlog, that of the last time."""
        for part, works in ready.items():
            self._ready.labels(part).set(works)
        if backlog is not None:
            self._show(backlog, severities)
        return generate_latest(self.registry)

    def _show(self, backlog: Backlog, severities: Iterable[str]) -> None:
        for severity in severities:
            self._open.labels(severity).set(backlog.open_incidents.get(severity, 0))
        for state in ("pending", "sending"):
            self._waiting.labels(state).set(backlog.deliveries.get(state, 0))
        self._deadline_lag.set(backlog.deadline_lag.total_seconds())
        self._outbox_lag.set(backlog.outbox_lag.total_seconds())
