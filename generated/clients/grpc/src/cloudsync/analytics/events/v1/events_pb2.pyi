import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConsentPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSENT_PURPOSE_UNSPECIFIED: _ClassVar[ConsentPurpose]
    CONSENT_PURPOSE_OPERATION: _ClassVar[ConsentPurpose]
    CONSENT_PURPOSE_ANALYTICS: _ClassVar[ConsentPurpose]
    CONSENT_PURPOSE_PERSONALISATION: _ClassVar[ConsentPurpose]

class QuarantineReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUARANTINE_REASON_UNSPECIFIED: _ClassVar[QuarantineReason]
    QUARANTINE_REASON_UNKNOWN_SCHEMA: _ClassVar[QuarantineReason]
    QUARANTINE_REASON_SCHEMA_VIOLATION: _ClassVar[QuarantineReason]
    QUARANTINE_REASON_OVERSIZE: _ClassVar[QuarantineReason]
    QUARANTINE_REASON_CLOCK_SKEW: _ClassVar[QuarantineReason]
    QUARANTINE_REASON_TENANT_MISMATCH: _ClassVar[QuarantineReason]
    QUARANTINE_REASON_PII_DETECTED: _ClassVar[QuarantineReason]

class SchemaCompatibility(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCHEMA_COMPATIBILITY_UNSPECIFIED: _ClassVar[SchemaCompatibility]
    SCHEMA_COMPATIBILITY_BACKWARD: _ClassVar[SchemaCompatibility]
    SCHEMA_COMPATIBILITY_FULL: _ClassVar[SchemaCompatibility]
    SCHEMA_COMPATIBILITY_NONE: _ClassVar[SchemaCompatibility]

class SchemaStage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCHEMA_STAGE_UNSPECIFIED: _ClassVar[SchemaStage]
    SCHEMA_STAGE_PROPOSED: _ClassVar[SchemaStage]
    SCHEMA_STAGE_APPROVED: _ClassVar[SchemaStage]
    SCHEMA_STAGE_DEPRECATED: _ClassVar[SchemaStage]

class ReplayStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLAY_STATUS_UNSPECIFIED: _ClassVar[ReplayStatus]
    REPLAY_STATUS_REQUESTED: _ClassVar[ReplayStatus]
    REPLAY_STATUS_APPROVED: _ClassVar[ReplayStatus]
    REPLAY_STATUS_RUNNING: _ClassVar[ReplayStatus]
    REPLAY_STATUS_PAUSED: _ClassVar[ReplayStatus]
    REPLAY_STATUS_DONE: _ClassVar[ReplayStatus]
    REPLAY_STATUS_ABORTED: _ClassVar[ReplayStatus]

class ErasureStage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERASURE_STAGE_UNSPECIFIED: _ClassVar[ErasureStage]
    ERASURE_STAGE_DUE: _ClassVar[ErasureStage]
    ERASURE_STAGE_HELD: _ClassVar[ErasureStage]
    ERASURE_STAGE_SHREDDED: _ClassVar[ErasureStage]

class CountShape(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COUNT_SHAPE_UNSPECIFIED: _ClassVar[CountShape]
    COUNT_SHAPE_TOTAL: _ClassVar[CountShape]
    COUNT_SHAPE_FUNNEL: _ClassVar[CountShape]
    COUNT_SHAPE_RETENTION: _ClassVar[CountShape]
CONSENT_PURPOSE_UNSPECIFIED: ConsentPurpose
CONSENT_PURPOSE_OPERATION: ConsentPurpose
CONSENT_PURPOSE_ANALYTICS: ConsentPurpose
CONSENT_PURPOSE_PERSONALISATION: ConsentPurpose
QUARANTINE_REASON_UNSPECIFIED: QuarantineReason
QUARANTINE_REASON_UNKNOWN_SCHEMA: QuarantineReason
QUARANTINE_REASON_SCHEMA_VIOLATION: QuarantineReason
QUARANTINE_REASON_OVERSIZE: QuarantineReason
QUARANTINE_REASON_CLOCK_SKEW: QuarantineReason
QUARANTINE_REASON_TENANT_MISMATCH: QuarantineReason
QUARANTINE_REASON_PII_DETECTED: QuarantineReason
SCHEMA_COMPATIBILITY_UNSPECIFIED: SchemaCompatibility
SCHEMA_COMPATIBILITY_BACKWARD: SchemaCompatibility
SCHEMA_COMPATIBILITY_FULL: SchemaCompatibility
SCHEMA_COMPATIBILITY_NONE: SchemaCompatibility
SCHEMA_STAGE_UNSPECIFIED: SchemaStage
SCHEMA_STAGE_PROPOSED: SchemaStage
SCHEMA_STAGE_APPROVED: SchemaStage
SCHEMA_STAGE_DEPRECATED: SchemaStage
REPLAY_STATUS_UNSPECIFIED: ReplayStatus
REPLAY_STATUS_REQUESTED: ReplayStatus
REPLAY_STATUS_APPROVED: ReplayStatus
REPLAY_STATUS_RUNNING: ReplayStatus
REPLAY_STATUS_PAUSED: ReplayStatus
REPLAY_STATUS_DONE: ReplayStatus
REPLAY_STATUS_ABORTED: ReplayStatus
ERASURE_STAGE_UNSPECIFIED: ErasureStage
ERASURE_STAGE_DUE: ErasureStage
ERASURE_STAGE_HELD: ErasureStage
ERASURE_STAGE_SHREDDED: ErasureStage
COUNT_SHAPE_UNSPECIFIED: CountShape
COUNT_SHAPE_TOTAL: CountShape
COUNT_SHAPE_FUNNEL: CountShape
COUNT_SHAPE_RETENTION: CountShape

class ClientContext(_message.Message):
    __slots__ = ("app_version", "locale", "country", "ip_prefix")
    APP_VERSION_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    IP_PREFIX_FIELD_NUMBER: _ClassVar[int]
    app_version: str
    locale: str
    country: str
    ip_prefix: str
    def __init__(self, app_version: _Optional[str] = ..., locale: _Optional[str] = ..., country: _Optional[str] = ..., ip_prefix: _Optional[str] = ...) -> None: ...

class SubmittedEvent(_message.Message):
    __slots__ = ("event_id", "event_type", "schema_version", "occurred_at", "payload", "session_key", "consent_purposes", "client_context", "trace_id")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SESSION_KEY_FIELD_NUMBER: _ClassVar[int]
    CONSENT_PURPOSES_FIELD_NUMBER: _ClassVar[int]
    CLIENT_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    event_type: str
    schema_version: int
    occurred_at: _timestamp_pb2.Timestamp
    payload: str
    session_key: str
    consent_purposes: _containers.RepeatedScalarFieldContainer[ConsentPurpose]
    client_context: ClientContext
    trace_id: str
    def __init__(self, event_id: _Optional[str] = ..., event_type: _Optional[str] = ..., schema_version: _Optional[int] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., payload: _Optional[str] = ..., session_key: _Optional[str] = ..., consent_purposes: _Optional[_Iterable[_Union[ConsentPurpose, str]]] = ..., client_context: _Optional[_Union[ClientContext, _Mapping]] = ..., trace_id: _Optional[str] = ...) -> None: ...

class EventPredicate(_message.Message):
    __slots__ = ("pointer", "any_of")
    POINTER_FIELD_NUMBER: _ClassVar[int]
    ANY_OF_FIELD_NUMBER: _ClassVar[int]
    pointer: str
    any_of: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, pointer: _Optional[str] = ..., any_of: _Optional[_Iterable[str]] = ...) -> None: ...

class ArchivedEvent(_message.Message):
    __slots__ = ("event_id", "event_type", "schema_version", "stream_sequence", "occurred_at", "payload")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    STREAM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    event_type: str
    schema_version: int
    stream_sequence: int
    occurred_at: _timestamp_pb2.Timestamp
    payload: str
    def __init__(self, event_id: _Optional[str] = ..., event_type: _Optional[str] = ..., schema_version: _Optional[int] = ..., stream_sequence: _Optional[int] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., payload: _Optional[str] = ...) -> None: ...

class EventCount(_message.Message):
    __slots__ = ("group", "step", "events", "actors")
    class GroupEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    GROUP_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    ACTORS_FIELD_NUMBER: _ClassVar[int]
    group: _containers.ScalarMap[str, str]
    step: int
    events: int
    actors: int
    def __init__(self, group: _Optional[_Mapping[str, str]] = ..., step: _Optional[int] = ..., events: _Optional[int] = ..., actors: _Optional[int] = ...) -> None: ...

class ReplaySelector(_message.Message):
    __slots__ = ("event_types", "since", "until", "tenant_id", "stream_id")
    EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    event_types: _containers.RepeatedScalarFieldContainer[str]
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    tenant_id: str
    stream_id: str
    def __init__(self, event_types: _Optional[_Iterable[str]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tenant_id: _Optional[str] = ..., stream_id: _Optional[str] = ...) -> None: ...

class EventSchema(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "event_type", "schema_version", "json_schema", "schema_digest", "owner", "compatibility", "schema_stage", "client_allowed", "pii_paths", "sunset_at", "registered_by")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    JSON_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_DIGEST_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    COMPATIBILITY_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_STAGE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    PII_PATHS_FIELD_NUMBER: _ClassVar[int]
    SUNSET_AT_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_BY_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    event_type: str
    schema_version: int
    json_schema: str
    schema_digest: str
    owner: str
    compatibility: SchemaCompatibility
    schema_stage: SchemaStage
    client_allowed: bool
    pii_paths: _containers.RepeatedScalarFieldContainer[str]
    sunset_at: _timestamp_pb2.Timestamp
    registered_by: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., event_type: _Optional[str] = ..., schema_version: _Optional[int] = ..., json_schema: _Optional[str] = ..., schema_digest: _Optional[str] = ..., owner: _Optional[str] = ..., compatibility: _Optional[_Union[SchemaCompatibility, str]] = ..., schema_stage: _Optional[_Union[SchemaStage, str]] = ..., client_allowed: _Optional[bool] = ..., pii_paths: _Optional[_Iterable[str]] = ..., sunset_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., registered_by: _Optional[str] = ...) -> None: ...

class StreamSnapshot(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "stream_id", "at_sequence", "state_blob", "state_hash", "fold_version")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    AT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STATE_BLOB_FIELD_NUMBER: _ClassVar[int]
    STATE_HASH_FIELD_NUMBER: _ClassVar[int]
    FOLD_VERSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    stream_id: str
    at_sequence: int
    state_blob: str
    state_hash: str
    fold_version: int
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., stream_id: _Optional[str] = ..., at_sequence: _Optional[int] = ..., state_blob: _Optional[str] = ..., state_hash: _Optional[str] = ..., fold_version: _Optional[int] = ...) -> None: ...

class ArchiveReplay(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "selector", "target_topic", "rate_per_second", "replay_status", "progress_percent", "events_sent", "purpose", "requested_by", "approved_by", "started_at", "ended_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    TARGET_TOPIC_FIELD_NUMBER: _ClassVar[int]
    RATE_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    REPLAY_STATUS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_PERCENT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_SENT_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    selector: ReplaySelector
    target_topic: str
    rate_per_second: int
    replay_status: ReplayStatus
    progress_percent: int
    events_sent: int
    purpose: str
    requested_by: str
    approved_by: str
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., selector: _Optional[_Union[ReplaySelector, _Mapping]] = ..., target_topic: _Optional[str] = ..., rate_per_second: _Optional[int] = ..., replay_status: _Optional[_Union[ReplayStatus, str]] = ..., progress_percent: _Optional[int] = ..., events_sent: _Optional[int] = ..., purpose: _Optional[str] = ..., requested_by: _Optional[str] = ..., approved_by: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ErasureOrder(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "subject_key", "subject_id", "erasure_request_id", "erasure_stage", "legal_basis", "requested_at", "due_at", "shredded_at", "events_affected")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_KEY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ERASURE_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ERASURE_STAGE_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    SHREDDED_AT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_AFFECTED_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    subject_key: str
    subject_id: str
    erasure_request_id: str
    erasure_stage: ErasureStage
    legal_basis: str
    requested_at: _timestamp_pb2.Timestamp
    due_at: _timestamp_pb2.Timestamp
    shredded_at: _timestamp_pb2.Timestamp
    events_affected: int
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., subject_key: _Optional[str] = ..., subject_id: _Optional[str] = ..., erasure_request_id: _Optional[str] = ..., erasure_stage: _Optional[_Union[ErasureStage, str]] = ..., legal_basis: _Optional[str] = ..., requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., shredded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., events_affected: _Optional[int] = ...) -> None: ...

class CollectEventsRequest(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[SubmittedEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[SubmittedEvent, _Mapping]]] = ...) -> None: ...

class CollectEventsResponse(_message.Message):
    __slots__ = ("accepted", "duplicate", "quarantined_ids")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_IDS_FIELD_NUMBER: _ClassVar[int]
    accepted: int
    duplicate: int
    quarantined_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, accepted: _Optional[int] = ..., duplicate: _Optional[int] = ..., quarantined_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class QueryEventsRequest(_message.Message):
    __slots__ = ("event_types", "since", "until", "predicates", "max_events")
    EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    PREDICATES_FIELD_NUMBER: _ClassVar[int]
    MAX_EVENTS_FIELD_NUMBER: _ClassVar[int]
    event_types: _containers.RepeatedScalarFieldContainer[str]
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    predicates: _containers.RepeatedCompositeFieldContainer[EventPredicate]
    max_events: int
    def __init__(self, event_types: _Optional[_Iterable[str]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., predicates: _Optional[_Iterable[_Union[EventPredicate, _Mapping]]] = ..., max_events: _Optional[int] = ...) -> None: ...

class QueryEventsResponse(_message.Message):
    __slots__ = ("items", "last")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ArchivedEvent]
    last: bool
    def __init__(self, items: _Optional[_Iterable[_Union[ArchivedEvent, _Mapping]]] = ..., last: _Optional[bool] = ...) -> None: ...

class CountEventsRequest(_message.Message):
    __slots__ = ("shape", "event_types", "since", "until", "group_by", "cohort_weeks")
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    COHORT_WEEKS_FIELD_NUMBER: _ClassVar[int]
    shape: CountShape
    event_types: _containers.RepeatedScalarFieldContainer[str]
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    group_by: _containers.RepeatedScalarFieldContainer[str]
    cohort_weeks: int
    def __init__(self, shape: _Optional[_Union[CountShape, str]] = ..., event_types: _Optional[_Iterable[str]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group_by: _Optional[_Iterable[str]] = ..., cohort_weeks: _Optional[int] = ...) -> None: ...

class CountEventsResponse(_message.Message):
    __slots__ = ("counts", "suppressed_groups", "stale_at")
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSED_GROUPS_FIELD_NUMBER: _ClassVar[int]
    STALE_AT_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedCompositeFieldContainer[EventCount]
    suppressed_groups: int
    stale_at: _timestamp_pb2.Timestamp
    def __init__(self, counts: _Optional[_Iterable[_Union[EventCount, _Mapping]]] = ..., suppressed_groups: _Optional[int] = ..., stale_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReadStreamRequest(_message.Message):
    __slots__ = ("stream_id", "from_sequence", "max_events")
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MAX_EVENTS_FIELD_NUMBER: _ClassVar[int]
    stream_id: str
    from_sequence: int
    max_events: int
    def __init__(self, stream_id: _Optional[str] = ..., from_sequence: _Optional[int] = ..., max_events: _Optional[int] = ...) -> None: ...

class ReadStreamResponse(_message.Message):
    __slots__ = ("items", "head_sequence")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ArchivedEvent]
    head_sequence: int
    def __init__(self, items: _Optional[_Iterable[_Union[ArchivedEvent, _Mapping]]] = ..., head_sequence: _Optional[int] = ...) -> None: ...

class SaveSnapshotRequest(_message.Message):
    __slots__ = ("stream_id", "at_sequence", "state_blob", "state_hash", "fold_version")
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    AT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STATE_BLOB_FIELD_NUMBER: _ClassVar[int]
    STATE_HASH_FIELD_NUMBER: _ClassVar[int]
    FOLD_VERSION_FIELD_NUMBER: _ClassVar[int]
    stream_id: str
    at_sequence: int
    state_blob: str
    state_hash: str
    fold_version: int
    def __init__(self, stream_id: _Optional[str] = ..., at_sequence: _Optional[int] = ..., state_blob: _Optional[str] = ..., state_hash: _Optional[str] = ..., fold_version: _Optional[int] = ...) -> None: ...

class SaveSnapshotResponse(_message.Message):
    __slots__ = ("stream_snapshot",)
    STREAM_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    stream_snapshot: StreamSnapshot
    def __init__(self, stream_snapshot: _Optional[_Union[StreamSnapshot, _Mapping]] = ...) -> None: ...

class GetSnapshotRequest(_message.Message):
    __slots__ = ("stream_snapshot_id",)
    STREAM_SNAPSHOT_ID_FIELD_NUMBER: _ClassVar[int]
    stream_snapshot_id: str
    def __init__(self, stream_snapshot_id: _Optional[str] = ...) -> None: ...

class GetSnapshotResponse(_message.Message):
    __slots__ = ("stream_snapshot",)
    STREAM_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    stream_snapshot: StreamSnapshot
    def __init__(self, stream_snapshot: _Optional[_Union[StreamSnapshot, _Mapping]] = ...) -> None: ...

class RegisterSchemaRequest(_message.Message):
    __slots__ = ("event_type", "schema_version", "json_schema", "schema_digest", "owner", "compatibility", "client_allowed", "pii_paths")
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    JSON_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_DIGEST_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    COMPATIBILITY_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    PII_PATHS_FIELD_NUMBER: _ClassVar[int]
    event_type: str
    schema_version: int
    json_schema: str
    schema_digest: str
    owner: str
    compatibility: SchemaCompatibility
    client_allowed: bool
    pii_paths: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, event_type: _Optional[str] = ..., schema_version: _Optional[int] = ..., json_schema: _Optional[str] = ..., schema_digest: _Optional[str] = ..., owner: _Optional[str] = ..., compatibility: _Optional[_Union[SchemaCompatibility, str]] = ..., client_allowed: _Optional[bool] = ..., pii_paths: _Optional[_Iterable[str]] = ...) -> None: ...

class RegisterSchemaResponse(_message.Message):
    __slots__ = ("event_schema",)
    EVENT_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    event_schema: EventSchema
    def __init__(self, event_schema: _Optional[_Union[EventSchema, _Mapping]] = ...) -> None: ...

class ApproveSchemaRequest(_message.Message):
    __slots__ = ("event_schema_id",)
    EVENT_SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    event_schema_id: str
    def __init__(self, event_schema_id: _Optional[str] = ...) -> None: ...

class ApproveSchemaResponse(_message.Message):
    __slots__ = ("event_schema",)
    EVENT_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    event_schema: EventSchema
    def __init__(self, event_schema: _Optional[_Union[EventSchema, _Mapping]] = ...) -> None: ...

class DeprecateSchemaRequest(_message.Message):
    __slots__ = ("event_schema_id", "sunset_at")
    EVENT_SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    SUNSET_AT_FIELD_NUMBER: _ClassVar[int]
    event_schema_id: str
    sunset_at: _timestamp_pb2.Timestamp
    def __init__(self, event_schema_id: _Optional[str] = ..., sunset_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DeprecateSchemaResponse(_message.Message):
    __slots__ = ("event_schema",)
    EVENT_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    event_schema: EventSchema
    def __init__(self, event_schema: _Optional[_Union[EventSchema, _Mapping]] = ...) -> None: ...

class ListSchemasRequest(_message.Message):
    __slots__ = ("event_type", "schema_stage", "owner", "sort", "limit", "cursor")
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_STAGE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    event_type: str
    schema_stage: SchemaStage
    owner: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, event_type: _Optional[str] = ..., schema_stage: _Optional[_Union[SchemaStage, str]] = ..., owner: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListSchemasResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[EventSchema]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[EventSchema, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ReleaseQuarantinedRequest(_message.Message):
    __slots__ = ("event_type", "quarantine_reason", "event_ids")
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    QUARANTINE_REASON_FIELD_NUMBER: _ClassVar[int]
    EVENT_IDS_FIELD_NUMBER: _ClassVar[int]
    event_type: str
    quarantine_reason: QuarantineReason
    event_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, event_type: _Optional[str] = ..., quarantine_reason: _Optional[_Union[QuarantineReason, str]] = ..., event_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ReleaseQuarantinedResponse(_message.Message):
    __slots__ = ("released", "still_invalid")
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    STILL_INVALID_FIELD_NUMBER: _ClassVar[int]
    released: int
    still_invalid: int
    def __init__(self, released: _Optional[int] = ..., still_invalid: _Optional[int] = ...) -> None: ...

class RequestReplayRequest(_message.Message):
    __slots__ = ("selector", "target_topic", "rate_per_second", "purpose")
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    TARGET_TOPIC_FIELD_NUMBER: _ClassVar[int]
    RATE_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    selector: ReplaySelector
    target_topic: str
    rate_per_second: int
    purpose: str
    def __init__(self, selector: _Optional[_Union[ReplaySelector, _Mapping]] = ..., target_topic: _Optional[str] = ..., rate_per_second: _Optional[int] = ..., purpose: _Optional[str] = ...) -> None: ...

class RequestReplayResponse(_message.Message):
    __slots__ = ("archive_replay",)
    ARCHIVE_REPLAY_FIELD_NUMBER: _ClassVar[int]
    archive_replay: ArchiveReplay
    def __init__(self, archive_replay: _Optional[_Union[ArchiveReplay, _Mapping]] = ...) -> None: ...

class ApproveReplayRequest(_message.Message):
    __slots__ = ("archive_replay_id",)
    ARCHIVE_REPLAY_ID_FIELD_NUMBER: _ClassVar[int]
    archive_replay_id: str
    def __init__(self, archive_replay_id: _Optional[str] = ...) -> None: ...

class ApproveReplayResponse(_message.Message):
    __slots__ = ("archive_replay",)
    ARCHIVE_REPLAY_FIELD_NUMBER: _ClassVar[int]
    archive_replay: ArchiveReplay
    def __init__(self, archive_replay: _Optional[_Union[ArchiveReplay, _Mapping]] = ...) -> None: ...

class PauseReplayRequest(_message.Message):
    __slots__ = ("archive_replay_id",)
    ARCHIVE_REPLAY_ID_FIELD_NUMBER: _ClassVar[int]
    archive_replay_id: str
    def __init__(self, archive_replay_id: _Optional[str] = ...) -> None: ...

class PauseReplayResponse(_message.Message):
    __slots__ = ("archive_replay",)
    ARCHIVE_REPLAY_FIELD_NUMBER: _ClassVar[int]
    archive_replay: ArchiveReplay
    def __init__(self, archive_replay: _Optional[_Union[ArchiveReplay, _Mapping]] = ...) -> None: ...

class ResumeReplayRequest(_message.Message):
    __slots__ = ("archive_replay_id",)
    ARCHIVE_REPLAY_ID_FIELD_NUMBER: _ClassVar[int]
    archive_replay_id: str
    def __init__(self, archive_replay_id: _Optional[str] = ...) -> None: ...

class ResumeReplayResponse(_message.Message):
    __slots__ = ("archive_replay",)
    ARCHIVE_REPLAY_FIELD_NUMBER: _ClassVar[int]
    archive_replay: ArchiveReplay
    def __init__(self, archive_replay: _Optional[_Union[ArchiveReplay, _Mapping]] = ...) -> None: ...

class AbortReplayRequest(_message.Message):
    __slots__ = ("archive_replay_id",)
    ARCHIVE_REPLAY_ID_FIELD_NUMBER: _ClassVar[int]
    archive_replay_id: str
    def __init__(self, archive_replay_id: _Optional[str] = ...) -> None: ...

class AbortReplayResponse(_message.Message):
    __slots__ = ("archive_replay",)
    ARCHIVE_REPLAY_FIELD_NUMBER: _ClassVar[int]
    archive_replay: ArchiveReplay
    def __init__(self, archive_replay: _Optional[_Union[ArchiveReplay, _Mapping]] = ...) -> None: ...

class ListArchiveReplaysRequest(_message.Message):
    __slots__ = ("replay_status", "sort", "limit", "cursor")
    REPLAY_STATUS_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    replay_status: ReplayStatus
    sort: str
    limit: int
    cursor: str
    def __init__(self, replay_status: _Optional[_Union[ReplayStatus, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListArchiveReplaysResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ArchiveReplay]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[ArchiveReplay, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ShredSubjectRequest(_message.Message):
    __slots__ = ("erasure_order_id", "legal_basis")
    ERASURE_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    erasure_order_id: str
    legal_basis: str
    def __init__(self, erasure_order_id: _Optional[str] = ..., legal_basis: _Optional[str] = ...) -> None: ...

class ShredSubjectResponse(_message.Message):
    __slots__ = ("erasure_order",)
    ERASURE_ORDER_FIELD_NUMBER: _ClassVar[int]
    erasure_order: ErasureOrder
    def __init__(self, erasure_order: _Optional[_Union[ErasureOrder, _Mapping]] = ...) -> None: ...
