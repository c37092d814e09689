import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubjectKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUBJECT_KIND_UNSPECIFIED: _ClassVar[SubjectKind]
    SUBJECT_KIND_DOCUMENT: _ClassVar[SubjectKind]
    SUBJECT_KIND_FILE: _ClassVar[SubjectKind]

class VersionTrigger(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERSION_TRIGGER_UNSPECIFIED: _ClassVar[VersionTrigger]
    VERSION_TRIGGER_INTERVAL: _ClassVar[VersionTrigger]
    VERSION_TRIGGER_SESSION_END: _ClassVar[VersionTrigger]
    VERSION_TRIGGER_MANUAL: _ClassVar[VersionTrigger]
    VERSION_TRIGGER_PRE_RESTORE: _ClassVar[VersionTrigger]
    VERSION_TRIGGER_REPLACE: _ClassVar[VersionTrigger]
    VERSION_TRIGGER_IMPORT: _ClassVar[VersionTrigger]

class VersionEncoding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERSION_ENCODING_UNSPECIFIED: _ClassVar[VersionEncoding]
    VERSION_ENCODING_FULL: _ClassVar[VersionEncoding]
    VERSION_ENCODING_DELTA: _ClassVar[VersionEncoding]

class VersionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERSION_STATUS_UNSPECIFIED: _ClassVar[VersionStatus]
    VERSION_STATUS_RECORDING: _ClassVar[VersionStatus]
    VERSION_STATUS_SEALED: _ClassVar[VersionStatus]
    VERSION_STATUS_SUPERSEDED: _ClassVar[VersionStatus]
    VERSION_STATUS_THINNED: _ClassVar[VersionStatus]
    VERSION_STATUS_CORRUPTED: _ClassVar[VersionStatus]
    VERSION_STATUS_DISCARDED: _ClassVar[VersionStatus]

class RetentionClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RETENTION_CLASS_UNSPECIFIED: _ClassVar[RetentionClass]
    RETENTION_CLASS_STANDARD: _ClassVar[RetentionClass]
    RETENTION_CLASS_LEGAL: _ClassVar[RetentionClass]
    RETENTION_CLASS_REGULATED7Y: _ClassVar[RetentionClass]

class DiffGranularity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIFF_GRANULARITY_UNSPECIFIED: _ClassVar[DiffGranularity]
    DIFF_GRANULARITY_BLOCK: _ClassVar[DiffGranularity]
    DIFF_GRANULARITY_WORD: _ClassVar[DiffGranularity]
    DIFF_GRANULARITY_CELL: _ClassVar[DiffGranularity]
    DIFF_GRANULARITY_BINARY: _ClassVar[DiffGranularity]

class DiffChange(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIFF_CHANGE_UNSPECIFIED: _ClassVar[DiffChange]
    DIFF_CHANGE_ADDED: _ClassVar[DiffChange]
    DIFF_CHANGE_REMOVED: _ClassVar[DiffChange]
    DIFF_CHANGE_CHANGED: _ClassVar[DiffChange]
    DIFF_CHANGE_MOVED: _ClassVar[DiffChange]

class RestoreOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESTORE_OUTCOME_UNSPECIFIED: _ClassVar[RestoreOutcome]
    RESTORE_OUTCOME_QUEUED: _ClassVar[RestoreOutcome]
    RESTORE_OUTCOME_APPLIED: _ClassVar[RestoreOutcome]
    RESTORE_OUTCOME_REFUSED: _ClassVar[RestoreOutcome]
    RESTORE_OUTCOME_FAILED: _ClassVar[RestoreOutcome]
SUBJECT_KIND_UNSPECIFIED: SubjectKind
SUBJECT_KIND_DOCUMENT: SubjectKind
SUBJECT_KIND_FILE: SubjectKind
VERSION_TRIGGER_UNSPECIFIED: VersionTrigger
VERSION_TRIGGER_INTERVAL: VersionTrigger
VERSION_TRIGGER_SESSION_END: VersionTrigger
VERSION_TRIGGER_MANUAL: VersionTrigger
VERSION_TRIGGER_PRE_RESTORE: VersionTrigger
VERSION_TRIGGER_REPLACE: VersionTrigger
VERSION_TRIGGER_IMPORT: VersionTrigger
VERSION_ENCODING_UNSPECIFIED: VersionEncoding
VERSION_ENCODING_FULL: VersionEncoding
VERSION_ENCODING_DELTA: VersionEncoding
VERSION_STATUS_UNSPECIFIED: VersionStatus
VERSION_STATUS_RECORDING: VersionStatus
VERSION_STATUS_SEALED: VersionStatus
VERSION_STATUS_SUPERSEDED: VersionStatus
VERSION_STATUS_THINNED: VersionStatus
VERSION_STATUS_CORRUPTED: VersionStatus
VERSION_STATUS_DISCARDED: VersionStatus
RETENTION_CLASS_UNSPECIFIED: RetentionClass
RETENTION_CLASS_STANDARD: RetentionClass
RETENTION_CLASS_LEGAL: RetentionClass
RETENTION_CLASS_REGULATED7Y: RetentionClass
DIFF_GRANULARITY_UNSPECIFIED: DiffGranularity
DIFF_GRANULARITY_BLOCK: DiffGranularity
DIFF_GRANULARITY_WORD: DiffGranularity
DIFF_GRANULARITY_CELL: DiffGranularity
DIFF_GRANULARITY_BINARY: DiffGranularity
DIFF_CHANGE_UNSPECIFIED: DiffChange
DIFF_CHANGE_ADDED: DiffChange
DIFF_CHANGE_REMOVED: DiffChange
DIFF_CHANGE_CHANGED: DiffChange
DIFF_CHANGE_MOVED: DiffChange
RESTORE_OUTCOME_UNSPECIFIED: RestoreOutcome
RESTORE_OUTCOME_QUEUED: RestoreOutcome
RESTORE_OUTCOME_APPLIED: RestoreOutcome
RESTORE_OUTCOME_REFUSED: RestoreOutcome
RESTORE_OUTCOME_FAILED: RestoreOutcome

class ChangeSummary(_message.Message):
    __slots__ = ("blocks_added", "blocks_removed", "words_delta", "cells_changed")
    BLOCKS_ADDED_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_REMOVED_FIELD_NUMBER: _ClassVar[int]
    WORDS_DELTA_FIELD_NUMBER: _ClassVar[int]
    CELLS_CHANGED_FIELD_NUMBER: _ClassVar[int]
    blocks_added: int
    blocks_removed: int
    words_delta: int
    cells_changed: int
    def __init__(self, blocks_added: _Optional[int] = ..., blocks_removed: _Optional[int] = ..., words_delta: _Optional[int] = ..., cells_changed: _Optional[int] = ...) -> None: ...

class ContentVersion(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "subject_kind", "subject_id", "version_number", "parent_number", "trigger", "encoding", "content_ref", "payload_key", "payload_bytes", "content_digest", "from_sequence", "to_sequence", "contributor_ids", "caption", "milestone", "change_summary", "pinned", "status", "retention_class")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PARENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_REF_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_KEY_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TO_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTOR_IDS_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    MILESTONE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RETENTION_CLASS_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    subject_kind: SubjectKind
    subject_id: str
    version_number: int
    parent_number: int
    trigger: VersionTrigger
    encoding: VersionEncoding
    content_ref: str
    payload_key: str
    payload_bytes: int
    content_digest: str
    from_sequence: int
    to_sequence: int
    contributor_ids: _containers.RepeatedScalarFieldContainer[str]
    caption: str
    milestone: bool
    change_summary: ChangeSummary
    pinned: bool
    status: VersionStatus
    retention_class: RetentionClass
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., subject_kind: _Optional[_Union[SubjectKind, str]] = ..., subject_id: _Optional[str] = ..., version_number: _Optional[int] = ..., parent_number: _Optional[int] = ..., trigger: _Optional[_Union[VersionTrigger, str]] = ..., encoding: _Optional[_Union[VersionEncoding, str]] = ..., content_ref: _Optional[str] = ..., payload_key: _Optional[str] = ..., payload_bytes: _Optional[int] = ..., content_digest: _Optional[str] = ..., from_sequence: _Optional[int] = ..., to_sequence: _Optional[int] = ..., contributor_ids: _Optional[_Iterable[str]] = ..., caption: _Optional[str] = ..., milestone: _Optional[bool] = ..., change_summary: _Optional[_Union[ChangeSummary, _Mapping]] = ..., pinned: _Optional[bool] = ..., status: _Optional[_Union[VersionStatus, str]] = ..., retention_class: _Optional[_Union[RetentionClass, str]] = ...) -> None: ...

class ThinningPolicy(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "keep_all_hours", "keep_hourly_days", "keep_daily_days", "keep_monthly_years", "max_per_subject")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    KEEP_ALL_HOURS_FIELD_NUMBER: _ClassVar[int]
    KEEP_HOURLY_DAYS_FIELD_NUMBER: _ClassVar[int]
    KEEP_DAILY_DAYS_FIELD_NUMBER: _ClassVar[int]
    KEEP_MONTHLY_YEARS_FIELD_NUMBER: _ClassVar[int]
    MAX_PER_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    keep_all_hours: int
    keep_hourly_days: int
    keep_daily_days: int
    keep_monthly_years: int
    max_per_subject: int
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., keep_all_hours: _Optional[int] = ..., keep_hourly_days: _Optional[int] = ..., keep_daily_days: _Optional[int] = ..., keep_monthly_years: _Optional[int] = ..., max_per_subject: _Optional[int] = ...) -> None: ...

class RestoreJob(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "subject_kind", "subject_id", "target_number", "requested_by", "safety_version_number", "new_number", "outcome", "problem", "finished_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    SAFETY_VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    NEW_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    subject_kind: SubjectKind
    subject_id: str
    target_number: int
    requested_by: str
    safety_version_number: int
    new_number: int
    outcome: RestoreOutcome
    problem: str
    finished_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., subject_kind: _Optional[_Union[SubjectKind, str]] = ..., subject_id: _Optional[str] = ..., target_number: _Optional[int] = ..., requested_by: _Optional[str] = ..., safety_version_number: _Optional[int] = ..., new_number: _Optional[int] = ..., outcome: _Optional[_Union[RestoreOutcome, str]] = ..., problem: _Optional[str] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DiffHunk(_message.Message):
    __slots__ = ("change", "path", "before", "after")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    change: DiffChange
    path: str
    before: str
    after: str
    def __init__(self, change: _Optional[_Union[DiffChange, str]] = ..., path: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class BlamedPart(_message.Message):
    __slots__ = ("path", "start_offset", "end_offset", "contributor_id", "version_number", "written_at")
    PATH_FIELD_NUMBER: _ClassVar[int]
    START_OFFSET_FIELD_NUMBER: _ClassVar[int]
    END_OFFSET_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTOR_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_AT_FIELD_NUMBER: _ClassVar[int]
    path: str
    start_offset: int
    end_offset: int
    contributor_id: str
    version_number: int
    written_at: _timestamp_pb2.Timestamp
    def __init__(self, path: _Optional[str] = ..., start_offset: _Optional[int] = ..., end_offset: _Optional[int] = ..., contributor_id: _Optional[str] = ..., version_number: _Optional[int] = ..., written_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateVersionRequest(_message.Message):
    __slots__ = ("subject_kind", "subject_id", "trigger", "content_ref", "content_digest", "from_sequence", "to_sequence", "contributor_ids", "caption", "milestone", "pinned", "retention_class")
    SUBJECT_KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    CONTENT_REF_FIELD_NUMBER: _ClassVar[int]
    CONTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TO_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTOR_IDS_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    MILESTONE_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    RETENTION_CLASS_FIELD_NUMBER: _ClassVar[int]
    subject_kind: SubjectKind
    subject_id: str
    trigger: VersionTrigger
    content_ref: str
    content_digest: str
    from_sequence: int
    to_sequence: int
    contributor_ids: _containers.RepeatedScalarFieldContainer[str]
    caption: str
    milestone: bool
    pinned: bool
    retention_class: RetentionClass
    def __init__(self, subject_kind: _Optional[_Union[SubjectKind, str]] = ..., subject_id: _Optional[str] = ..., trigger: _Optional[_Union[VersionTrigger, str]] = ..., content_ref: _Optional[str] = ..., content_digest: _Optional[str] = ..., from_sequence: _Optional[int] = ..., to_sequence: _Optional[int] = ..., contributor_ids: _Optional[_Iterable[str]] = ..., caption: _Optional[str] = ..., milestone: _Optional[bool] = ..., pinned: _Optional[bool] = ..., retention_class: _Optional[_Union[RetentionClass, str]] = ...) -> None: ...

class CreateVersionResponse(_message.Message):
    __slots__ = ("content_version",)
    CONTENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    content_version: ContentVersion
    def __init__(self, content_version: _Optional[_Union[ContentVersion, _Mapping]] = ...) -> None: ...

class GetVersionRequest(_message.Message):
    __slots__ = ("content_version_id",)
    CONTENT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    content_version_id: str
    def __init__(self, content_version_id: _Optional[str] = ...) -> None: ...

class GetVersionResponse(_message.Message):
    __slots__ = ("content_version",)
    CONTENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    content_version: ContentVersion
    def __init__(self, content_version: _Optional[_Union[ContentVersion, _Mapping]] = ...) -> None: ...

class ListVersionsRequest(_message.Message):
    __slots__ = ("subject_id", "subject_kind", "trigger", "status", "milestone", "pinned", "sort", "limit", "cursor")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_KIND_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MILESTONE_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    subject_kind: SubjectKind
    trigger: VersionTrigger
    status: VersionStatus
    milestone: bool
    pinned: bool
    sort: str
    limit: int
    cursor: str
    def __init__(self, subject_id: _Optional[str] = ..., subject_kind: _Optional[_Union[SubjectKind, str]] = ..., trigger: _Optional[_Union[VersionTrigger, str]] = ..., status: _Optional[_Union[VersionStatus, str]] = ..., milestone: _Optional[bool] = ..., pinned: _Optional[bool] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListVersionsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ContentVersion]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[ContentVersion, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class StreamContentRequest(_message.Message):
    __slots__ = ("content_version_id", "offset")
    CONTENT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    content_version_id: str
    offset: int
    def __init__(self, content_version_id: _Optional[str] = ..., offset: _Optional[int] = ...) -> None: ...

class StreamContentResponse(_message.Message):
    __slots__ = ("offset", "data", "last", "content_digest")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    CONTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    offset: int
    data: bytes
    last: bool
    content_digest: str
    def __init__(self, offset: _Optional[int] = ..., data: _Optional[bytes] = ..., last: _Optional[bool] = ..., content_digest: _Optional[str] = ...) -> None: ...

class DiffVersionsRequest(_message.Message):
    __slots__ = ("left_content_version_id", "right_content_version_id", "granularity")
    LEFT_CONTENT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    RIGHT_CONTENT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    left_content_version_id: str
    right_content_version_id: str
    granularity: DiffGranularity
    def __init__(self, left_content_version_id: _Optional[str] = ..., right_content_version_id: _Optional[str] = ..., granularity: _Optional[_Union[DiffGranularity, str]] = ...) -> None: ...

class DiffVersionsResponse(_message.Message):
    __slots__ = ("hunks", "last", "truncated", "computed_ms")
    HUNKS_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_MS_FIELD_NUMBER: _ClassVar[int]
    hunks: _containers.RepeatedCompositeFieldContainer[DiffHunk]
    last: bool
    truncated: bool
    computed_ms: int
    def __init__(self, hunks: _Optional[_Iterable[_Union[DiffHunk, _Mapping]]] = ..., last: _Optional[bool] = ..., truncated: _Optional[bool] = ..., computed_ms: _Optional[int] = ...) -> None: ...

class BlameRangeRequest(_message.Message):
    __slots__ = ("content_version_id", "block_id", "from_cell", "to_cell")
    CONTENT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_CELL_FIELD_NUMBER: _ClassVar[int]
    TO_CELL_FIELD_NUMBER: _ClassVar[int]
    content_version_id: str
    block_id: str
    from_cell: str
    to_cell: str
    def __init__(self, content_version_id: _Optional[str] = ..., block_id: _Optional[str] = ..., from_cell: _Optional[str] = ..., to_cell: _Optional[str] = ...) -> None: ...

class BlameRangeResponse(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[BlamedPart]
    def __init__(self, parts: _Optional[_Iterable[_Union[BlamedPart, _Mapping]]] = ...) -> None: ...

class CaptionVersionRequest(_message.Message):
    __slots__ = ("content_version_id", "caption", "pinned")
    CONTENT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    content_version_id: str
    caption: str
    pinned: bool
    def __init__(self, content_version_id: _Optional[str] = ..., caption: _Optional[str] = ..., pinned: _Optional[bool] = ...) -> None: ...

class CaptionVersionResponse(_message.Message):
    __slots__ = ("content_version",)
    CONTENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    content_version: ContentVersion
    def __init__(self, content_version: _Optional[_Union[ContentVersion, _Mapping]] = ...) -> None: ...

class PinVersionRequest(_message.Message):
    __slots__ = ("content_version_id", "pinned")
    CONTENT_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    content_version_id: str
    pinned: bool
    def __init__(self, content_version_id: _Optional[str] = ..., pinned: _Optional[bool] = ...) -> None: ...

class PinVersionResponse(_message.Message):
    __slots__ = ("content_version",)
    CONTENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    content_version: ContentVersion
    def __init__(self, content_version: _Optional[_Union[ContentVersion, _Mapping]] = ...) -> None: ...

class RestoreVersionRequest(_message.Message):
    __slots__ = ("subject_kind", "subject_id", "target_number", "requested_by")
    SUBJECT_KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    subject_kind: SubjectKind
    subject_id: str
    target_number: int
    requested_by: str
    def __init__(self, subject_kind: _Optional[_Union[SubjectKind, str]] = ..., subject_id: _Optional[str] = ..., target_number: _Optional[int] = ..., requested_by: _Optional[str] = ...) -> None: ...

class RestoreVersionResponse(_message.Message):
    __slots__ = ("restore_job",)
    RESTORE_JOB_FIELD_NUMBER: _ClassVar[int]
    restore_job: RestoreJob
    def __init__(self, restore_job: _Optional[_Union[RestoreJob, _Mapping]] = ...) -> None: ...

class GetRestoreJobRequest(_message.Message):
    __slots__ = ("restore_job_id",)
    RESTORE_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    restore_job_id: str
    def __init__(self, restore_job_id: _Optional[str] = ...) -> None: ...

class GetRestoreJobResponse(_message.Message):
    __slots__ = ("restore_job",)
    RESTORE_JOB_FIELD_NUMBER: _ClassVar[int]
    restore_job: RestoreJob
    def __init__(self, restore_job: _Optional[_Union[RestoreJob, _Mapping]] = ...) -> None: ...

class ListRestoreJobsRequest(_message.Message):
    __slots__ = ("subject_id", "outcome", "sort", "limit", "cursor")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    outcome: RestoreOutcome
    sort: str
    limit: int
    cursor: str
    def __init__(self, subject_id: _Optional[str] = ..., outcome: _Optional[_Union[RestoreOutcome, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListRestoreJobsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[RestoreJob]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[RestoreJob, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class GetThinningPolicyRequest(_message.Message):
    __slots__ = ("thinning_policy_id",)
    THINNING_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    thinning_policy_id: str
    def __init__(self, thinning_policy_id: _Optional[str] = ...) -> None: ...

class GetThinningPolicyResponse(_message.Message):
    __slots__ = ("thinning_policy",)
    THINNING_POLICY_FIELD_NUMBER: _ClassVar[int]
    thinning_policy: ThinningPolicy
    def __init__(self, thinning_policy: _Optional[_Union[ThinningPolicy, _Mapping]] = ...) -> None: ...

class ListThinningPoliciesRequest(_message.Message):
    __slots__ = ("sort", "limit", "cursor")
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    sort: str
    limit: int
    cursor: str
    def __init__(self, sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListThinningPoliciesResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ThinningPolicy]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[ThinningPolicy, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class SetThinningPolicyRequest(_message.Message):
    __slots__ = ("thinning_policy_id", "keep_all_hours", "keep_hourly_days", "keep_daily_days", "keep_monthly_years", "max_per_subject")
    THINNING_POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    KEEP_ALL_HOURS_FIELD_NUMBER: _ClassVar[int]
    KEEP_HOURLY_DAYS_FIELD_NUMBER: _ClassVar[int]
    KEEP_DAILY_DAYS_FIELD_NUMBER: _ClassVar[int]
    KEEP_MONTHLY_YEARS_FIELD_NUMBER: _ClassVar[int]
    MAX_PER_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    thinning_policy_id: str
    keep_all_hours: int
    keep_hourly_days: int
    keep_daily_days: int
    keep_monthly_years: int
    max_per_subject: int
    def __init__(self, thinning_policy_id: _Optional[str] = ..., keep_all_hours: _Optional[int] = ..., keep_hourly_days: _Optional[int] = ..., keep_daily_days: _Optional[int] = ..., keep_monthly_years: _Optional[int] = ..., max_per_subject: _Optional[int] = ...) -> None: ...

class SetThinningPolicyResponse(_message.Message):
    __slots__ = ("thinning_policy",)
    THINNING_POLICY_FIELD_NUMBER: _ClassVar[int]
    thinning_policy: ThinningPolicy
    def __init__(self, thinning_policy: _Optional[_Union[ThinningPolicy, _Mapping]] = ...) -> None: ...

class PreviewThinningRequest(_message.Message):
    __slots__ = ("keep_all_hours", "keep_hourly_days", "keep_daily_days", "keep_monthly_years", "max_per_subject")
    KEEP_ALL_HOURS_FIELD_NUMBER: _ClassVar[int]
    KEEP_HOURLY_DAYS_FIELD_NUMBER: _ClassVar[int]
    KEEP_DAILY_DAYS_FIELD_NUMBER: _ClassVar[int]
    KEEP_MONTHLY_YEARS_FIELD_NUMBER: _ClassVar[int]
    MAX_PER_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    keep_all_hours: int
    keep_hourly_days: int
    keep_daily_days: int
    keep_monthly_years: int
    max_per_subject: int
    def __init__(self, keep_all_hours: _Optional[int] = ..., keep_hourly_days: _Optional[int] = ..., keep_daily_days: _Optional[int] = ..., keep_monthly_years: _Optional[int] = ..., max_per_subject: _Optional[int] = ...) -> None: ...

class PreviewThinningResponse(_message.Message):
    __slots__ = ("versions_kept", "versions_thinned", "freed_bytes", "oldest_kept_at")
    VERSIONS_KEPT_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_THINNED_FIELD_NUMBER: _ClassVar[int]
    FREED_BYTES_FIELD_NUMBER: _ClassVar[int]
    OLDEST_KEPT_AT_FIELD_NUMBER: _ClassVar[int]
    versions_kept: int
    versions_thinned: int
    freed_bytes: int
    oldest_kept_at: _timestamp_pb2.Timestamp
    def __init__(self, versions_kept: _Optional[int] = ..., versions_thinned: _Optional[int] = ..., freed_bytes: _Optional[int] = ..., oldest_kept_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
