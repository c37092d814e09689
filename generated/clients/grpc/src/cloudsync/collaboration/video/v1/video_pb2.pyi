import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MeetingPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEETING_PHASE_UNSPECIFIED: _ClassVar[MeetingPhase]
    MEETING_PHASE_SCHEDULED: _ClassVar[MeetingPhase]
    MEETING_PHASE_LOBBY: _ClassVar[MeetingPhase]
    MEETING_PHASE_LIVE: _ClassVar[MeetingPhase]
    MEETING_PHASE_ENDED: _ClassVar[MeetingPhase]
    MEETING_PHASE_CANCELLED: _ClassVar[MeetingPhase]
    MEETING_PHASE_EXPIRED: _ClassVar[MeetingPhase]

class AdmissionPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADMISSION_POLICY_UNSPECIFIED: _ClassVar[AdmissionPolicy]
    ADMISSION_POLICY_OPEN: _ClassVar[AdmissionPolicy]
    ADMISSION_POLICY_ORGANISATION_ONLY: _ClassVar[AdmissionPolicy]
    ADMISSION_POLICY_LOBBY_FOR_GUESTS: _ClassVar[AdmissionPolicy]
    ADMISSION_POLICY_LOBBY_FOR_ALL: _ClassVar[AdmissionPolicy]

class MeetingRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEETING_ROLE_UNSPECIFIED: _ClassVar[MeetingRole]
    MEETING_ROLE_HOST: _ClassVar[MeetingRole]
    MEETING_ROLE_COHOST: _ClassVar[MeetingRole]
    MEETING_ROLE_PRESENTER: _ClassVar[MeetingRole]
    MEETING_ROLE_ATTENDEE: _ClassVar[MeetingRole]

class JoinState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOIN_STATE_UNSPECIFIED: _ClassVar[JoinState]
    JOIN_STATE_WAITING: _ClassVar[JoinState]
    JOIN_STATE_ADMITTED: _ClassVar[JoinState]
    JOIN_STATE_CONNECTED: _ClassVar[JoinState]
    JOIN_STATE_LEFT: _ClassVar[JoinState]
    JOIN_STATE_REMOVED: _ClassVar[JoinState]

class DeviceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_KIND_UNSPECIFIED: _ClassVar[DeviceKind]
    DEVICE_KIND_WEB: _ClassVar[DeviceKind]
    DEVICE_KIND_DESKTOP: _ClassVar[DeviceKind]
    DEVICE_KIND_IOS: _ClassVar[DeviceKind]
    DEVICE_KIND_ANDROID: _ClassVar[DeviceKind]
    DEVICE_KIND_PSTN: _ClassVar[DeviceKind]
    DEVICE_KIND_ROOM_SYSTEM: _ClassVar[DeviceKind]

class EncryptionMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENCRYPTION_MODE_UNSPECIFIED: _ClassVar[EncryptionMode]
    ENCRYPTION_MODE_TRANSPORT: _ClassVar[EncryptionMode]
    ENCRYPTION_MODE_END_TO_END: _ClassVar[EncryptionMode]

class RecordingPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORDING_POLICY_UNSPECIFIED: _ClassVar[RecordingPolicy]
    RECORDING_POLICY_OFF: _ClassVar[RecordingPolicy]
    RECORDING_POLICY_HOST_ONLY: _ClassVar[RecordingPolicy]
    RECORDING_POLICY_AUTOMATIC: _ClassVar[RecordingPolicy]

class RecordingLayout(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORDING_LAYOUT_UNSPECIFIED: _ClassVar[RecordingLayout]
    RECORDING_LAYOUT_GALLERY: _ClassVar[RecordingLayout]
    RECORDING_LAYOUT_SPEAKER: _ClassVar[RecordingLayout]
    RECORDING_LAYOUT_AUDIO_ONLY: _ClassVar[RecordingLayout]

class RecordingStage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORDING_STAGE_UNSPECIFIED: _ClassVar[RecordingStage]
    RECORDING_STAGE_CAPTURING: _ClassVar[RecordingStage]
    RECORDING_STAGE_COMPOSING: _ClassVar[RecordingStage]
    RECORDING_STAGE_UPLOADING: _ClassVar[RecordingStage]
    RECORDING_STAGE_AVAILABLE: _ClassVar[RecordingStage]
    RECORDING_STAGE_FAILED: _ClassVar[RecordingStage]
    RECORDING_STAGE_DELETED: _ClassVar[RecordingStage]

class Region(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REGION_UNSPECIFIED: _ClassVar[Region]
    REGION_US_EAST1: _ClassVar[Region]
    REGION_US_WEST2: _ClassVar[Region]
    REGION_EU_WEST1: _ClassVar[Region]
    REGION_AP_SOUTHEAST1: _ClassVar[Region]

class MeetingChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEETING_CHANGE_KIND_UNSPECIFIED: _ClassVar[MeetingChangeKind]
    MEETING_CHANGE_KIND_SNAPSHOT: _ClassVar[MeetingChangeKind]
    MEETING_CHANGE_KIND_PHASE: _ClassVar[MeetingChangeKind]
    MEETING_CHANGE_KIND_PARTICIPANT: _ClassVar[MeetingChangeKind]
    MEETING_CHANGE_KIND_LOCK: _ClassVar[MeetingChangeKind]
    MEETING_CHANGE_KIND_RECORDING: _ClassVar[MeetingChangeKind]
    MEETING_CHANGE_KIND_ROOMS: _ClassVar[MeetingChangeKind]

class MeetingCancelReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEETING_CANCEL_REASON_UNSPECIFIED: _ClassVar[MeetingCancelReason]
    MEETING_CANCEL_REASON_HOST: _ClassVar[MeetingCancelReason]
    MEETING_CANCEL_REASON_ADMINISTRATOR: _ClassVar[MeetingCancelReason]
    MEETING_CANCEL_REASON_CALENDAR_EVENT: _ClassVar[MeetingCancelReason]
    MEETING_CANCEL_REASON_NO_CAPACITY: _ClassVar[MeetingCancelReason]
MEETING_PHASE_UNSPECIFIED: MeetingPhase
MEETING_PHASE_SCHEDULED: MeetingPhase
MEETING_PHASE_LOBBY: MeetingPhase
MEETING_PHASE_LIVE: MeetingPhase
MEETING_PHASE_ENDED: MeetingPhase
MEETING_PHASE_CANCELLED: MeetingPhase
MEETING_PHASE_EXPIRED: MeetingPhase
ADMISSION_POLICY_UNSPECIFIED: AdmissionPolicy
ADMISSION_POLICY_OPEN: AdmissionPolicy
ADMISSION_POLICY_ORGANISATION_ONLY: AdmissionPolicy
ADMISSION_POLICY_LOBBY_FOR_GUESTS: AdmissionPolicy
ADMISSION_POLICY_LOBBY_FOR_ALL: AdmissionPolicy
MEETING_ROLE_UNSPECIFIED: MeetingRole
MEETING_ROLE_HOST: MeetingRole
MEETING_ROLE_COHOST: MeetingRole
MEETING_ROLE_PRESENTER: MeetingRole
MEETING_ROLE_ATTENDEE: MeetingRole
JOIN_STATE_UNSPECIFIED: JoinState
JOIN_STATE_WAITING: JoinState
JOIN_STATE_ADMITTED: JoinState
JOIN_STATE_CONNECTED: JoinState
JOIN_STATE_LEFT: JoinState
JOIN_STATE_REMOVED: JoinState
DEVICE_KIND_UNSPECIFIED: DeviceKind
DEVICE_KIND_WEB: DeviceKind
DEVICE_KIND_DESKTOP: DeviceKind
DEVICE_KIND_IOS: DeviceKind
DEVICE_KIND_ANDROID: DeviceKind
DEVICE_KIND_PSTN: DeviceKind
DEVICE_KIND_ROOM_SYSTEM: DeviceKind
ENCRYPTION_MODE_UNSPECIFIED: EncryptionMode
ENCRYPTION_MODE_TRANSPORT: EncryptionMode
ENCRYPTION_MODE_END_TO_END: EncryptionMode
RECORDING_POLICY_UNSPECIFIED: RecordingPolicy
RECORDING_POLICY_OFF: RecordingPolicy
RECORDING_POLICY_HOST_ONLY: RecordingPolicy
RECORDING_POLICY_AUTOMATIC: RecordingPolicy
RECORDING_LAYOUT_UNSPECIFIED: RecordingLayout
RECORDING_LAYOUT_GALLERY: RecordingLayout
RECORDING_LAYOUT_SPEAKER: RecordingLayout
RECORDING_LAYOUT_AUDIO_ONLY: RecordingLayout
RECORDING_STAGE_UNSPECIFIED: RecordingStage
RECORDING_STAGE_CAPTURING: RecordingStage
RECORDING_STAGE_COMPOSING: RecordingStage
RECORDING_STAGE_UPLOADING: RecordingStage
RECORDING_STAGE_AVAILABLE: RecordingStage
RECORDING_STAGE_FAILED: RecordingStage
RECORDING_STAGE_DELETED: RecordingStage
REGION_UNSPECIFIED: Region
REGION_US_EAST1: Region
REGION_US_WEST2: Region
REGION_EU_WEST1: Region
REGION_AP_SOUTHEAST1: Region
MEETING_CHANGE_KIND_UNSPECIFIED: MeetingChangeKind
MEETING_CHANGE_KIND_SNAPSHOT: MeetingChangeKind
MEETING_CHANGE_KIND_PHASE: MeetingChangeKind
MEETING_CHANGE_KIND_PARTICIPANT: MeetingChangeKind
MEETING_CHANGE_KIND_LOCK: MeetingChangeKind
MEETING_CHANGE_KIND_RECORDING: MeetingChangeKind
MEETING_CHANGE_KIND_ROOMS: MeetingChangeKind
MEETING_CANCEL_REASON_UNSPECIFIED: MeetingCancelReason
MEETING_CANCEL_REASON_HOST: MeetingCancelReason
MEETING_CANCEL_REASON_ADMINISTRATOR: MeetingCancelReason
MEETING_CANCEL_REASON_CALENDAR_EVENT: MeetingCancelReason
MEETING_CANCEL_REASON_NO_CAPACITY: MeetingCancelReason

class Meeting(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "title", "host_id", "cohost_ids", "calendar_event_id", "channel_id", "join_code", "phase", "scheduled_start", "scheduled_end", "actual_start", "actual_end", "admission", "max_participants", "peak_participants", "participant_minutes", "media_region", "encryption", "recording_policy", "locked")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    HOST_ID_FIELD_NUMBER: _ClassVar[int]
    COHOST_IDS_FIELD_NUMBER: _ClassVar[int]
    CALENDAR_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_ID_FIELD_NUMBER: _ClassVar[int]
    JOIN_CODE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_START_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_END_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_START_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_END_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_FIELD_NUMBER: _ClassVar[int]
    MAX_PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    PEAK_PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_MINUTES_FIELD_NUMBER: _ClassVar[int]
    MEDIA_REGION_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTION_FIELD_NUMBER: _ClassVar[int]
    RECORDING_POLICY_FIELD_NUMBER: _ClassVar[int]
    LOCKED_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    title: str
    host_id: str
    cohost_ids: _containers.RepeatedScalarFieldContainer[str]
    calendar_event_id: str
    channel_id: str
    join_code: str
    phase: MeetingPhase
    scheduled_start: _timestamp_pb2.Timestamp
    scheduled_end: _timestamp_pb2.Timestamp
    actual_start: _timestamp_pb2.Timestamp
    actual_end: _timestamp_pb2.Timestamp
    admission: AdmissionPolicy
    max_participants: int
    peak_participants: int
    participant_minutes: int
    media_region: Region
    encryption: EncryptionMode
    recording_policy: RecordingPolicy
    locked: bool
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., title: _Optional[str] = ..., host_id: _Optional[str] = ..., cohost_ids: _Optional[_Iterable[str]] = ..., calendar_event_id: _Optional[str] = ..., channel_id: _Optional[str] = ..., join_code: _Optional[str] = ..., phase: _Optional[_Union[MeetingPhase, str]] = ..., scheduled_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., scheduled_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actual_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actual_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., admission: _Optional[_Union[AdmissionPolicy, str]] = ..., max_participants: _Optional[int] = ..., peak_participants: _Optional[int] = ..., participant_minutes: _Optional[int] = ..., media_region: _Optional[_Union[Region, str]] = ..., encryption: _Optional[_Union[EncryptionMode, str]] = ..., recording_policy: _Optional[_Union[RecordingPolicy, str]] = ..., locked: _Optional[bool] = ...) -> None: ...

class Participant(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "meeting_id", "user_id", "display_name", "meeting_role", "join_state", "joined_at", "left_at", "device", "banned", "consented_at", "mean_opinion_score")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    MEETING_ROLE_FIELD_NUMBER: _ClassVar[int]
    JOIN_STATE_FIELD_NUMBER: _ClassVar[int]
    JOINED_AT_FIELD_NUMBER: _ClassVar[int]
    LEFT_AT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    BANNED_FIELD_NUMBER: _ClassVar[int]
    CONSENTED_AT_FIELD_NUMBER: _ClassVar[int]
    MEAN_OPINION_SCORE_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    meeting_id: str
    user_id: str
    display_name: str
    meeting_role: MeetingRole
    join_state: JoinState
    joined_at: _timestamp_pb2.Timestamp
    left_at: _timestamp_pb2.Timestamp
    device: DeviceKind
    banned: bool
    consented_at: _timestamp_pb2.Timestamp
    mean_opinion_score: float
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., meeting_id: _Optional[str] = ..., user_id: _Optional[str] = ..., display_name: _Optional[str] = ..., meeting_role: _Optional[_Union[MeetingRole, str]] = ..., join_state: _Optional[_Union[JoinState, str]] = ..., joined_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., left_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., device: _Optional[_Union[DeviceKind, str]] = ..., banned: _Optional[bool] = ..., consented_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., mean_opinion_score: _Optional[float] = ...) -> None: ...

class Recording(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "meeting_id", "layout", "started_by", "duration_seconds", "size_bytes", "bucket_key", "sha256", "file_id", "consent_given", "stage", "cause", "expires_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    STARTED_BY_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    BUCKET_KEY_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_GIVEN_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    meeting_id: str
    layout: RecordingLayout
    started_by: str
    duration_seconds: int
    size_bytes: int
    bucket_key: str
    sha256: str
    file_id: str
    consent_given: int
    stage: RecordingStage
    cause: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., meeting_id: _Optional[str] = ..., layout: _Optional[_Union[RecordingLayout, str]] = ..., started_by: _Optional[str] = ..., duration_seconds: _Optional[int] = ..., size_bytes: _Optional[int] = ..., bucket_key: _Optional[str] = ..., sha256: _Optional[str] = ..., file_id: _Optional[str] = ..., consent_given: _Optional[int] = ..., stage: _Optional[_Union[RecordingStage, str]] = ..., cause: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BreakoutRoom(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "meeting_id", "room_label", "participant_ids", "opened_by", "closes_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_LABEL_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDS_FIELD_NUMBER: _ClassVar[int]
    OPENED_BY_FIELD_NUMBER: _ClassVar[int]
    CLOSES_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    meeting_id: str
    room_label: str
    participant_ids: _containers.RepeatedScalarFieldContainer[str]
    opened_by: str
    closes_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., meeting_id: _Optional[str] = ..., room_label: _Optional[str] = ..., participant_ids: _Optional[_Iterable[str]] = ..., opened_by: _Optional[str] = ..., closes_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ScheduleMeetingRequest(_message.Message):
    __slots__ = ("title", "scheduled_start", "scheduled_end", "admission", "max_participants", "encryption", "recording_policy", "calendar_event_id", "channel_id", "passcode")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_START_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_END_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_FIELD_NUMBER: _ClassVar[int]
    MAX_PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTION_FIELD_NUMBER: _ClassVar[int]
    RECORDING_POLICY_FIELD_NUMBER: _ClassVar[int]
    CALENDAR_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_ID_FIELD_NUMBER: _ClassVar[int]
    PASSCODE_FIELD_NUMBER: _ClassVar[int]
    title: str
    scheduled_start: _timestamp_pb2.Timestamp
    scheduled_end: _timestamp_pb2.Timestamp
    admission: AdmissionPolicy
    max_participants: int
    encryption: EncryptionMode
    recording_policy: RecordingPolicy
    calendar_event_id: str
    channel_id: str
    passcode: str
    def __init__(self, title: _Optional[str] = ..., scheduled_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., scheduled_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., admission: _Optional[_Union[AdmissionPolicy, str]] = ..., max_participants: _Optional[int] = ..., encryption: _Optional[_Union[EncryptionMode, str]] = ..., recording_policy: _Optional[_Union[RecordingPolicy, str]] = ..., calendar_event_id: _Optional[str] = ..., channel_id: _Optional[str] = ..., passcode: _Optional[str] = ...) -> None: ...

class ScheduleMeetingResponse(_message.Message):
    __slots__ = ("meeting",)
    MEETING_FIELD_NUMBER: _ClassVar[int]
    meeting: Meeting
    def __init__(self, meeting: _Optional[_Union[Meeting, _Mapping]] = ...) -> None: ...

class StartInstantMeetingRequest(_message.Message):
    __slots__ = ("title", "channel_id", "media_region", "admission")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIA_REGION_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_FIELD_NUMBER: _ClassVar[int]
    title: str
    channel_id: str
    media_region: Region
    admission: AdmissionPolicy
    def __init__(self, title: _Optional[str] = ..., channel_id: _Optional[str] = ..., media_region: _Optional[_Union[Region, str]] = ..., admission: _Optional[_Union[AdmissionPolicy, str]] = ...) -> None: ...

class StartInstantMeetingResponse(_message.Message):
    __slots__ = ("meeting",)
    MEETING_FIELD_NUMBER: _ClassVar[int]
    meeting: Meeting
    def __init__(self, meeting: _Optional[_Union[Meeting, _Mapping]] = ...) -> None: ...

class GetMeetingRequest(_message.Message):
    __slots__ = ("meeting_id",)
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    def __init__(self, meeting_id: _Optional[str] = ...) -> None: ...

class GetMeetingResponse(_message.Message):
    __slots__ = ("meeting",)
    MEETING_FIELD_NUMBER: _ClassVar[int]
    meeting: Meeting
    def __init__(self, meeting: _Optional[_Union[Meeting, _Mapping]] = ...) -> None: ...

class LookUpMeetingRequest(_message.Message):
    __slots__ = ("join_code",)
    JOIN_CODE_FIELD_NUMBER: _ClassVar[int]
    join_code: str
    def __init__(self, join_code: _Optional[str] = ...) -> None: ...

class LookUpMeetingResponse(_message.Message):
    __slots__ = ("meeting_id", "phase", "scheduled_start", "admission", "passcode_needed")
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_START_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_FIELD_NUMBER: _ClassVar[int]
    PASSCODE_NEEDED_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    phase: MeetingPhase
    scheduled_start: _timestamp_pb2.Timestamp
    admission: AdmissionPolicy
    passcode_needed: bool
    def __init__(self, meeting_id: _Optional[str] = ..., phase: _Optional[_Union[MeetingPhase, str]] = ..., scheduled_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., admission: _Optional[_Union[AdmissionPolicy, str]] = ..., passcode_needed: _Optional[bool] = ...) -> None: ...

class ListMeetingsRequest(_message.Message):
    __slots__ = ("host_id", "phase", "calendar_event_id", "sort", "limit", "cursor")
    HOST_ID_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    CALENDAR_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    host_id: str
    phase: MeetingPhase
    calendar_event_id: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, host_id: _Optional[str] = ..., phase: _Optional[_Union[MeetingPhase, str]] = ..., calendar_event_id: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListMeetingsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Meeting]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[Meeting, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class StartMeetingRequest(_message.Message):
    __slots__ = ("meeting_id", "media_region")
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIA_REGION_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    media_region: Region
    def __init__(self, meeting_id: _Optional[str] = ..., media_region: _Optional[_Union[Region, str]] = ...) -> None: ...

class StartMeetingResponse(_message.Message):
    __slots__ = ("meeting",)
    MEETING_FIELD_NUMBER: _ClassVar[int]
    meeting: Meeting
    def __init__(self, meeting: _Optional[_Union[Meeting, _Mapping]] = ...) -> None: ...

class JoinMeetingRequest(_message.Message):
    __slots__ = ("join_code", "passcode", "display_name", "device")
    JOIN_CODE_FIELD_NUMBER: _ClassVar[int]
    PASSCODE_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    join_code: str
    passcode: str
    display_name: str
    device: DeviceKind
    def __init__(self, join_code: _Optional[str] = ..., passcode: _Optional[str] = ..., display_name: _Optional[str] = ..., device: _Optional[_Union[DeviceKind, str]] = ...) -> None: ...

class JoinMeetingResponse(_message.Message):
    __slots__ = ("participant", "media_token", "media_node")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MEDIA_NODE_FIELD_NUMBER: _ClassVar[int]
    participant: Participant
    media_token: str
    media_node: str
    def __init__(self, participant: _Optional[_Union[Participant, _Mapping]] = ..., media_token: _Optional[str] = ..., media_node: _Optional[str] = ...) -> None: ...

class AdmitParticipantRequest(_message.Message):
    __slots__ = ("participant_id", "admit")
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    ADMIT_FIELD_NUMBER: _ClassVar[int]
    participant_id: str
    admit: bool
    def __init__(self, participant_id: _Optional[str] = ..., admit: _Optional[bool] = ...) -> None: ...

class AdmitParticipantResponse(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: Participant
    def __init__(self, participant: _Optional[_Union[Participant, _Mapping]] = ...) -> None: ...

class RemoveParticipantRequest(_message.Message):
    __slots__ = ("participant_id", "banned")
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    BANNED_FIELD_NUMBER: _ClassVar[int]
    participant_id: str
    banned: bool
    def __init__(self, participant_id: _Optional[str] = ..., banned: _Optional[bool] = ...) -> None: ...

class RemoveParticipantResponse(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: Participant
    def __init__(self, participant: _Optional[_Union[Participant, _Mapping]] = ...) -> None: ...

class HandOverHostRequest(_message.Message):
    __slots__ = ("meeting_id", "host_id")
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_ID_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    host_id: str
    def __init__(self, meeting_id: _Optional[str] = ..., host_id: _Optional[str] = ...) -> None: ...

class HandOverHostResponse(_message.Message):
    __slots__ = ("meeting",)
    MEETING_FIELD_NUMBER: _ClassVar[int]
    meeting: Meeting
    def __init__(self, meeting: _Optional[_Union[Meeting, _Mapping]] = ...) -> None: ...

class LockMeetingRequest(_message.Message):
    __slots__ = ("meeting_id", "locked")
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    LOCKED_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    locked: bool
    def __init__(self, meeting_id: _Optional[str] = ..., locked: _Optional[bool] = ...) -> None: ...

class LockMeetingResponse(_message.Message):
    __slots__ = ("meeting",)
    MEETING_FIELD_NUMBER: _ClassVar[int]
    meeting: Meeting
    def __init__(self, meeting: _Optional[_Union[Meeting, _Mapping]] = ...) -> None: ...

class AgreeToRecordingRequest(_message.Message):
    __slots__ = ("participant_id",)
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    participant_id: str
    def __init__(self, participant_id: _Optional[str] = ...) -> None: ...

class AgreeToRecordingResponse(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: Participant
    def __init__(self, participant: _Optional[_Union[Participant, _Mapping]] = ...) -> None: ...

class WithdrawConsentRequest(_message.Message):
    __slots__ = ("participant_id",)
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    participant_id: str
    def __init__(self, participant_id: _Optional[str] = ...) -> None: ...

class WithdrawConsentResponse(_message.Message):
    __slots__ = ("participant",)
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    participant: Participant
    def __init__(self, participant: _Optional[_Union[Participant, _Mapping]] = ...) -> None: ...

class StartRecordingRequest(_message.Message):
    __slots__ = ("meeting_id", "layout")
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    layout: RecordingLayout
    def __init__(self, meeting_id: _Optional[str] = ..., layout: _Optional[_Union[RecordingLayout, str]] = ...) -> None: ...

class StartRecordingResponse(_message.Message):
    __slots__ = ("recording",)
    RECORDING_FIELD_NUMBER: _ClassVar[int]
    recording: Recording
    def __init__(self, recording: _Optional[_Union[Recording, _Mapping]] = ...) -> None: ...

class StopRecordingRequest(_message.Message):
    __slots__ = ("recording_id", "duration_seconds")
    RECORDING_ID_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    recording_id: str
    duration_seconds: int
    def __init__(self, recording_id: _Optional[str] = ..., duration_seconds: _Optional[int] = ...) -> None: ...

class StopRecordingResponse(_message.Message):
    __slots__ = ("recording",)
    RECORDING_FIELD_NUMBER: _ClassVar[int]
    recording: Recording
    def __init__(self, recording: _Optional[_Union[Recording, _Mapping]] = ...) -> None: ...

class ListRecordingsRequest(_message.Message):
    __slots__ = ("meeting_id", "stage", "sort", "limit", "cursor")
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    stage: RecordingStage
    sort: str
    limit: int
    cursor: str
    def __init__(self, meeting_id: _Optional[str] = ..., stage: _Optional[_Union[RecordingStage, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListRecordingsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Recording]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[Recording, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class DeleteRecordingRequest(_message.Message):
    __slots__ = ("recording_id",)
    RECORDING_ID_FIELD_NUMBER: _ClassVar[int]
    recording_id: str
    def __init__(self, recording_id: _Optional[str] = ...) -> None: ...

class DeleteRecordingResponse(_message.Message):
    __slots__ = ("recording",)
    RECORDING_FIELD_NUMBER: _ClassVar[int]
    recording: Recording
    def __init__(self, recording: _Optional[_Union[Recording, _Mapping]] = ...) -> None: ...

class BreakoutPlan(_message.Message):
    __slots__ = ("room_label", "participant_ids")
    ROOM_LABEL_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDS_FIELD_NUMBER: _ClassVar[int]
    room_label: str
    participant_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, room_label: _Optional[str] = ..., participant_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class OpenBreakoutRoomsRequest(_message.Message):
    __slots__ = ("meeting_id", "rooms", "closes_at")
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    ROOMS_FIELD_NUMBER: _ClassVar[int]
    CLOSES_AT_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    rooms: _containers.RepeatedCompositeFieldContainer[BreakoutPlan]
    closes_at: _timestamp_pb2.Timestamp
    def __init__(self, meeting_id: _Optional[str] = ..., rooms: _Optional[_Iterable[_Union[BreakoutPlan, _Mapping]]] = ..., closes_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OpenBreakoutRoomsResponse(_message.Message):
    __slots__ = ("rooms",)
    ROOMS_FIELD_NUMBER: _ClassVar[int]
    rooms: _containers.RepeatedCompositeFieldContainer[BreakoutRoom]
    def __init__(self, rooms: _Optional[_Iterable[_Union[BreakoutRoom, _Mapping]]] = ...) -> None: ...

class WatchMeetingRequest(_message.Message):
    __slots__ = ("meeting_id",)
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    def __init__(self, meeting_id: _Optional[str] = ...) -> None: ...

class WatchMeetingResponse(_message.Message):
    __slots__ = ("kind", "meeting", "participant", "recording", "connected_count")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEETING_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    RECORDING_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    kind: MeetingChangeKind
    meeting: Meeting
    participant: Participant
    recording: Recording
    connected_count: int
    def __init__(self, kind: _Optional[_Union[MeetingChangeKind, str]] = ..., meeting: _Optional[_Union[Meeting, _Mapping]] = ..., participant: _Optional[_Union[Participant, _Mapping]] = ..., recording: _Optional[_Union[Recording, _Mapping]] = ..., connected_count: _Optional[int] = ...) -> None: ...

class EndMeetingRequest(_message.Message):
    __slots__ = ("meeting_id",)
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    def __init__(self, meeting_id: _Optional[str] = ...) -> None: ...

class EndMeetingResponse(_message.Message):
    __slots__ = ("meeting",)
    MEETING_FIELD_NUMBER: _ClassVar[int]
    meeting: Meeting
    def __init__(self, meeting: _Optional[_Union[Meeting, _Mapping]] = ...) -> None: ...

class CancelMeetingRequest(_message.Message):
    __slots__ = ("meeting_id", "reason")
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    meeting_id: str
    reason: MeetingCancelReason
    def __init__(self, meeting_id: _Optional[str] = ..., reason: _Optional[_Union[MeetingCancelReason, str]] = ...) -> None: ...

class CancelMeetingResponse(_message.Message):
    __slots__ = ("meeting",)
    MEETING_FIELD_NUMBER: _ClassVar[int]
    meeting: Meeting
    def __init__(self, meeting: _Optional[_Union[Meeting, _Mapping]] = ...) -> None: ...
