"""The tables. Columns are named like the fields they keep."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.types import Json, UtcTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

#: The organization as it was at each change; the newest row runs.
organizations = Table(
    "organizations",
    metadata,
    Column("revision", Integer, primary_key=True),
    Column("applied_at", UtcTime, nullable=False),
    Column("applied_by", Text, nullable=False),
    Column("document", Json, nullable=False),
)

#: Slack accounts that were found by e-mail.
slack_accounts = Table(
    "slack_accounts",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("slack_id", Text, nullable=False, unique=True),
    Column("found_at", UtcTime, nullable=False),
    #: Grows with every finding, so that who has read what was found knows whether there is more.
    Column("ordinal", Integer, nullable=False),
)

#: Slack user groups that are paged, and who was in them when they were last seen.
user_groups = Table(
    "user_groups",
    metadata,
    #: Without `@`.
    Column("handle", Text, primary_key=True),
    #: Slack ids.
    Column("members", Json, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    #: Grows with every finding, with those of Slack accounts.
    Column("ordinal", Integer, nullable=False),
)

#: The last ordinal given out for each year's incident numbers.
numbers = Table(
    "numbers",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("service_ids", Json, nullable=False),
    Column("team_id", Text),
    Column("assignee_id", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("declared_by", Text, nullable=False),
    Column("acknowledge_by", UtcTime, nullable=False),
    Column("close_by", UtcTime, nullable=False),
    Column("clock_started_at", UtcTime, nullable=False),
    Column("level", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("is_exhausted", Boolean, nullable=False),
    Column("repeats", Integer, nullable=False, server_default=text("0")),
    Column("acknowledged_at", UtcTime),
    Column("acknowledged_by", Text),
    Column("resolved_at", UtcTime),
    Column("resolved_by", Text),
    Column("resolved_by_id", Text),
    Column("closed_at", UtcTime),
    Index("ix_incidents_status_id", "status", "id"),
    Index("ix_incidents_severity_status_id", "severity", "status", "id"),
    Index("ix_incidents_assignee_id_status_id", "assignee_id", "status", "id"),
    Index("ix_incidents_team_id_status_id", "team_id", "status", "id"),
    Index("ix_incidents_resolved_by_id_status_id", "resolved_by_id", "status", "id"),
    Index("ix_incidents_status_resolved_at", "status", "resolved_at"),
)

#: Where an incident lives in Slack. Apart from the incident, whose version it does not concern.
places = Table(
    "places",
    metadata,
    Column("incident_id", Text, ForeignKey("incidents.id"), primary_key=True),
    Column("channel_id", Text),
    Column("channel_name", Text),
    Column("thread_ts", Text),
    Column("card_ts", Text),
    Column("announcement_channel_id", Text),
    Column("announcement_ts", Text),
    Index("ix_places_channel_id", "channel_id"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("incident_id", Text, ForeignKey("incidents.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("by", Json, nullable=False),
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident_id", Text, ForeignKey("incidents.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("settled_at", UtcTime),
    Index(
        "ix_deadlines_due",
        "due_at",
        sqlite_where=text("state = 'armed'"),
        postgresql_where=text("state = 'armed'"),
    ),
    Index("ix_deadlines_incident_id_kind", "incident_id", "kind"),
)

_UNSETTLED = text("state IN ('pending', 'sending')")
_SENDING = text("state = 'sending'")
_HEADS = text("state = 'pending' AND is_head")

outbox = Table(
    "outbox",
    metadata,
    #: Ascending: the order of a lane.
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("incident_id", Text, ForeignKey("incidents.id")),
    Column("sequence", Integer),
    Column("person_id", Text),
    Column("page_id", Integer),
    Column("method", Text),
    #: What else it is about: a schedule, a swap, a Slack user group.
    Column("subject", Text),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("is_in_doubt", Boolean, nullable=False),
    #: Whether it is the first unsettled delivery of its lane: the only one that may go out.
    Column("is_head", Boolean, nullable=False, server_default=text("false")),
    Column("owed_at", UtcTime, nullable=False),
    Column("next_attempt_at", UtcTime, nullable=False),
    #: While it is being sent: by which process, and until when nobody else takes it up.
    Column("leased_by", Text),
    Column("leased_until", UtcTime),
    Column("last_error", Text),
    Column("settled_at", UtcTime),
    Column("channel_id", Text),
    Column("receipt", Text),
    #: Why it failed for good: the API's word.
    Column("error_code", Text),
    UniqueConstraint("key"),
    Index("ix_outbox_lane", "lane", "id", sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED),
    Index(
        "ix_outbox_heads",
        "priority",
        "kind",
        "next_attempt_at",
        "id",
        sqlite_where=_HEADS,
        postgresql_where=_HEADS,
    ),
    Index("ix_outbox_leased", "leased_until", sqlite_where=_SENDING, postgresql_where=_SENDING),
    Index("ix_outbox_incident_id_kind", "incident_id", "kind"),
)

#: Who has the pager of each schedule, as people were last told.
duty = Table(
    "duty",
    metadata,
    Column("schedule_id", Text, primary_key=True),
    Column("primary_id", Text),
    Column("previous_id", Text),
    Column("since", UtcTime, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("user_group", Text),
)

#: Swaps of shifts that people asked one another for.
swaps = Table(
    "swaps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("asked_by", Text, nullable=False),
    Column("asked_of", Text, nullable=False),
    Column("schedule_id", Text, nullable=False),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("return_schedule_id", Text),
    Column("return_starts_at", UtcTime),
    Column("return_ends_at", UtcTime),
    Column("state", Text, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),
    Index(
        "ix_swaps_open",
        "starts_at",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

#: Gaps in schedules that people were warned of; those that were found together were told together.
warned_gaps = Table(
    "warned_gaps",
    metadata,
    Column("schedule_id", Text, primary_key=True),
    Column("starts_at", UtcTime, primary_key=True),
    Column("ends_at", UtcTime, primary_key=True),
    Column("told_at", UtcTime, nullable=False),
)

#: How many incidents there are of each sort; nothing is an empty text here. A list's total is a sum of these.
tallies = Table(
    "tallies",
    metadata,
    Column("status", Text, primary_key=True),
    Column("severity", Text, primary_key=True),
    Column("team_id", Text, primary_key=True),
    Column("assignee_id", Text, primary_key=True),
    Column("resolved_by_id", Text, primary_key=True),
    Column("n", Integer, nullable=False),
)

#: How many incidents of a status were created, or resolved, on each day (UTC, counted from 1970).
day_tallies = Table(
    "day_tallies",
    metadata,
    Column("clock", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
)

postmortem_numbers = Table(
    "postmortem_numbers",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

postmortems = Table(
    "postmortems",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("incident_id", Text, ForeignKey("incidents.id"), nullable=False, unique=True),
    Column("level", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    #: What it says, field by field.
    Column("content", Json, nullable=False),
)

#: Keys of the HTTP API. Of the key itself only an HMAC is kept.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    #: Its first characters, by which people tell it from others.
    Column("hint", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    #: For whom it acts; nobody for a service account.
    Column("person_id", Text),
    Column("scopes", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    Column("last_used_at", UtcTime),
)

#: Calendar feeds. Of the token in their address only an HMAC is kept.
feeds = Table(
    "feeds",
    metadata,
    Column("id", Text, primary_key=True),
    #: The token's first characters, by which people tell it from others.
    Column("hint", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    #: Whose shifts it tells: one of both.
    Column("schedule_id", Text),
    Column("person_id", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
    Column("last_used_at", UtcTime),
)

#: What each calendar that is a schedule's layer said when it was last read. Rows are never deleted, because
#: the highest ordinal must only grow.
calendars = Table(
    "calendars",
    metadata,
    Column("schedule_id", Text, primary_key=True),
    Column("layer", Text, primary_key=True),
    #: Which source, in which zone, was asked for last, and which one was read: digests.
    Column("asked", Text),
    Column("source", Text),
    #: As it came from its address, to be read again for later months.
    Column("text", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    #: When it was last known to be as it is kept.
    Column("fetched_at", UtcTime),
    Column("next_at", UtcTime, nullable=False),
    #: From when to when it was worked out, and what it says there.
    Column("starts_at", UtcTime),
    Column("ends_at", UtcTime),
    Column("occurrences", Json),
    #: Events that could not be read.
    Column("skipped", Json),
    #: Why it could not be read again, and since when.
    Column("error", Text),
    Column("failing_since", UtcTime),
    Column("changed_at", UtcTime),
    #: Grows with every change of what it says.
    Column("ordinal", Integer, nullable=False),
)

#: Who changed what, and what they were refused. Append-only: triggers refuse everything else.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("action", Text, nullable=False),
    #: The incident's, if it is about one.
    Column("number", Text),
    Column("subject", Text),
    Column("before", Text),
    Column("after", Text),
    Column("door", Text),
    Column("actor_kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("person_id", Text),
    Column("key_id", Text),
    Index("ix_audit_log_at", "at"),
    Index("ix_audit_log_number", "number"),
)

#: What was answered to requests that carried an idempotency key.
replies = Table(
    "replies",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_replies_at", "at"),
)

#: What this installation must remember about itself.
facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

#: What was asked before: the identity of each Slack request that was carried out.
requests = Table(
    "requests",
    metadata,
    Column("key", Text, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Index("ix_requests_at", "at"),
)
