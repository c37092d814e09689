import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Environment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENVIRONMENT_UNSPECIFIED: _ClassVar[Environment]
    ENVIRONMENT_PRODUCTION: _ClassVar[Environment]
    ENVIRONMENT_STAGING: _ClassVar[Environment]
    ENVIRONMENT_DEVELOPMENT: _ClassVar[Environment]

class ConfigScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONFIG_SCOPE_UNSPECIFIED: _ClassVar[ConfigScope]
    CONFIG_SCOPE_PLATFORM: _ClassVar[ConfigScope]
    CONFIG_SCOPE_SERVICE: _ClassVar[ConfigScope]
    CONFIG_SCOPE_ORGANIZATION: _ClassVar[ConfigScope]

class ConfigValueType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONFIG_VALUE_TYPE_UNSPECIFIED: _ClassVar[ConfigValueType]
    CONFIG_VALUE_TYPE_STRING: _ClassVar[ConfigValueType]
    CONFIG_VALUE_TYPE_INTEGER: _ClassVar[ConfigValueType]
    CONFIG_VALUE_TYPE_DECIMAL: _ClassVar[ConfigValueType]
    CONFIG_VALUE_TYPE_BOOLEAN: _ClassVar[ConfigValueType]
    CONFIG_VALUE_TYPE_DURATION: _ClassVar[ConfigValueType]
    CONFIG_VALUE_TYPE_JSON: _ClassVar[ConfigValueType]
    CONFIG_VALUE_TYPE_STRING_LIST: _ClassVar[ConfigValueType]

class BlastRadius(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BLAST_RADIUS_UNSPECIFIED: _ClassVar[BlastRadius]
    BLAST_RADIUS_LOW: _ClassVar[BlastRadius]
    BLAST_RADIUS_MEDIUM: _ClassVar[BlastRadius]
    BLAST_RADIUS_HIGH: _ClassVar[BlastRadius]

class ConfigStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONFIG_STATUS_UNSPECIFIED: _ClassVar[ConfigStatus]
    CONFIG_STATUS_DRAFT: _ClassVar[ConfigStatus]
    CONFIG_STATUS_IN_REVIEW: _ClassVar[ConfigStatus]
    CONFIG_STATUS_APPROVED: _ClassVar[ConfigStatus]
    CONFIG_STATUS_ROLLING_OUT: _ClassVar[ConfigStatus]
    CONFIG_STATUS_LIVE: _ClassVar[ConfigStatus]
    CONFIG_STATUS_SUPERSEDED: _ClassVar[ConfigStatus]
    CONFIG_STATUS_ROLLED_BACK: _ClassVar[ConfigStatus]

class ReloadMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELOAD_MODE_UNSPECIFIED: _ClassVar[ReloadMode]
    RELOAD_MODE_HOT: _ClassVar[ReloadMode]
    RELOAD_MODE_RESTART: _ClassVar[ReloadMode]
ENVIRONMENT_UNSPECIFIED: Environment
ENVIRONMENT_PRODUCTION: Environment
ENVIRONMENT_STAGING: Environment
ENVIRONMENT_DEVELOPMENT: Environment
CONFIG_SCOPE_UNSPECIFIED: ConfigScope
CONFIG_SCOPE_PLATFORM: ConfigScope
CONFIG_SCOPE_SERVICE: ConfigScope
CONFIG_SCOPE_ORGANIZATION: ConfigScope
CONFIG_VALUE_TYPE_UNSPECIFIED: ConfigValueType
CONFIG_VALUE_TYPE_STRING: ConfigValueType
CONFIG_VALUE_TYPE_INTEGER: ConfigValueType
CONFIG_VALUE_TYPE_DECIMAL: ConfigValueType
CONFIG_VALUE_TYPE_BOOLEAN: ConfigValueType
CONFIG_VALUE_TYPE_DURATION: ConfigValueType
CONFIG_VALUE_TYPE_JSON: ConfigValueType
CONFIG_VALUE_TYPE_STRING_LIST: ConfigValueType
BLAST_RADIUS_UNSPECIFIED: BlastRadius
BLAST_RADIUS_LOW: BlastRadius
BLAST_RADIUS_MEDIUM: BlastRadius
BLAST_RADIUS_HIGH: BlastRadius
CONFIG_STATUS_UNSPECIFIED: ConfigStatus
CONFIG_STATUS_DRAFT: ConfigStatus
CONFIG_STATUS_IN_REVIEW: ConfigStatus
CONFIG_STATUS_APPROVED: ConfigStatus
CONFIG_STATUS_ROLLING_OUT: ConfigStatus
CONFIG_STATUS_LIVE: ConfigStatus
CONFIG_STATUS_SUPERSEDED: ConfigStatus
CONFIG_STATUS_ROLLED_BACK: ConfigStatus
RELOAD_MODE_UNSPECIFIED: ReloadMode
RELOAD_MODE_HOT: ReloadMode
RELOAD_MODE_RESTART: ReloadMode

class ConfigEntry(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "key", "service_name", "environment", "region", "scope", "value_type", "value", "schema_id", "blast_radius", "revision", "change_reason", "author_id", "approver_id", "co_approver_id", "review_comment", "release_id", "rollout_percent", "checksum", "status", "security_fix")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    BLAST_RADIUS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CHANGE_REASON_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVER_ID_FIELD_NUMBER: _ClassVar[int]
    CO_APPROVER_ID_FIELD_NUMBER: _ClassVar[int]
    REVIEW_COMMENT_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_PERCENT_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SECURITY_FIX_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    key: str
    service_name: str
    environment: Environment
    region: str
    scope: ConfigScope
    value_type: ConfigValueType
    value: str
    schema_id: str
    blast_radius: BlastRadius
    revision: int
    change_reason: str
    author_id: str
    approver_id: str
    co_approver_id: str
    review_comment: str
    release_id: str
    rollout_percent: int
    checksum: str
    status: ConfigStatus
    security_fix: bool
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., key: _Optional[str] = ..., service_name: _Optional[str] = ..., environment: _Optional[_Union[Environment, str]] = ..., region: _Optional[str] = ..., scope: _Optional[_Union[ConfigScope, str]] = ..., value_type: _Optional[_Union[ConfigValueType, str]] = ..., value: _Optional[str] = ..., schema_id: _Optional[str] = ..., blast_radius: _Optional[_Union[BlastRadius, str]] = ..., revision: _Optional[int] = ..., change_reason: _Optional[str] = ..., author_id: _Optional[str] = ..., approver_id: _Optional[str] = ..., co_approver_id: _Optional[str] = ..., review_comment: _Optional[str] = ..., release_id: _Optional[str] = ..., rollout_percent: _Optional[int] = ..., checksum: _Optional[str] = ..., status: _Optional[_Union[ConfigStatus, str]] = ..., security_fix: _Optional[bool] = ...) -> None: ...

class ChangeFreeze(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "starts_at", "ends_at", "frozen_services", "exempt_roles", "reason", "declared_by", "lifted_at", "lifted_by")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STARTS_AT_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    FROZEN_SERVICES_FIELD_NUMBER: _ClassVar[int]
    EXEMPT_ROLES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DECLARED_BY_FIELD_NUMBER: _ClassVar[int]
    LIFTED_AT_FIELD_NUMBER: _ClassVar[int]
    LIFTED_BY_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    starts_at: _timestamp_pb2.Timestamp
    ends_at: _timestamp_pb2.Timestamp
    frozen_services: _containers.RepeatedScalarFieldContainer[str]
    exempt_roles: _containers.RepeatedScalarFieldContainer[str]
    reason: str
    declared_by: str
    lifted_at: _timestamp_pb2.Timestamp
    lifted_by: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., starts_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., frozen_services: _Optional[_Iterable[str]] = ..., exempt_roles: _Optional[_Iterable[str]] = ..., reason: _Optional[str] = ..., declared_by: _Optional[str] = ..., lifted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lifted_by: _Optional[str] = ...) -> None: ...

class ConfigSchema(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "key", "json_schema", "reload_mode", "blast_radius", "owner", "deprecated_at", "overridable")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    JSON_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    RELOAD_MODE_FIELD_NUMBER: _ClassVar[int]
    BLAST_RADIUS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DEPRECATED_AT_FIELD_NUMBER: _ClassVar[int]
    OVERRIDABLE_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    key: str
    json_schema: str
    reload_mode: ReloadMode
    blast_radius: BlastRadius
    owner: str
    deprecated_at: _timestamp_pb2.Timestamp
    overridable: bool
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., key: _Optional[str] = ..., json_schema: _Optional[str] = ..., reload_mode: _Optional[_Union[ReloadMode, str]] = ..., blast_radius: _Optional[_Union[BlastRadius, str]] = ..., owner: _Optional[str] = ..., deprecated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., overridable: _Optional[bool] = ...) -> None: ...

class ConfigRelease(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "name", "entry_ids", "stage_minutes", "abort_query", "started_at", "finished_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENTRY_IDS_FIELD_NUMBER: _ClassVar[int]
    STAGE_MINUTES_FIELD_NUMBER: _ClassVar[int]
    ABORT_QUERY_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    name: str
    entry_ids: _containers.RepeatedScalarFieldContainer[str]
    stage_minutes: int
    abort_query: str
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., name: _Optional[str] = ..., entry_ids: _Optional[_Iterable[str]] = ..., stage_minutes: _Optional[int] = ..., abort_query: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DraftChangeRequest(_message.Message):
    __slots__ = ("key", "service_name", "environment", "region", "scope", "value_type", "value", "change_reason", "release_id", "security_fix")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_REASON_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    SECURITY_FIX_FIELD_NUMBER: _ClassVar[int]
    key: str
    service_name: str
    environment: Environment
    region: str
    scope: ConfigScope
    value_type: ConfigValueType
    value: str
    change_reason: str
    release_id: str
    security_fix: bool
    def __init__(self, key: _Optional[str] = ..., service_name: _Optional[str] = ..., environment: _Optional[_Union[Environment, str]] = ..., region: _Optional[str] = ..., scope: _Optional[_Union[ConfigScope, str]] = ..., value_type: _Optional[_Union[ConfigValueType, str]] = ..., value: _Optional[str] = ..., change_reason: _Optional[str] = ..., release_id: _Optional[str] = ..., security_fix: _Optional[bool] = ...) -> None: ...

class DraftChangeResponse(_message.Message):
    __slots__ = ("config_entry",)
    CONFIG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    config_entry: ConfigEntry
    def __init__(self, config_entry: _Optional[_Union[ConfigEntry, _Mapping]] = ...) -> None: ...

class ProposeChangeRequest(_message.Message):
    __slots__ = ("config_entry_id",)
    CONFIG_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    config_entry_id: str
    def __init__(self, config_entry_id: _Optional[str] = ...) -> None: ...

class ProposeChangeResponse(_message.Message):
    __slots__ = ("config_entry",)
    CONFIG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    config_entry: ConfigEntry
    def __init__(self, config_entry: _Optional[_Union[ConfigEntry, _Mapping]] = ...) -> None: ...

class ApproveChangeRequest(_message.Message):
    __slots__ = ("config_entry_id", "review_comment")
    CONFIG_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REVIEW_COMMENT_FIELD_NUMBER: _ClassVar[int]
    config_entry_id: str
    review_comment: str
    def __init__(self, config_entry_id: _Optional[str] = ..., review_comment: _Optional[str] = ...) -> None: ...

class ApproveChangeResponse(_message.Message):
    __slots__ = ("config_entry",)
    CONFIG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    config_entry: ConfigEntry
    def __init__(self, config_entry: _Optional[_Union[ConfigEntry, _Mapping]] = ...) -> None: ...

class CountersignChangeRequest(_message.Message):
    __slots__ = ("config_entry_id", "review_comment")
    CONFIG_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REVIEW_COMMENT_FIELD_NUMBER: _ClassVar[int]
    config_entry_id: str
    review_comment: str
    def __init__(self, config_entry_id: _Optional[str] = ..., review_comment: _Optional[str] = ...) -> None: ...

class CountersignChangeResponse(_message.Message):
    __slots__ = ("config_entry",)
    CONFIG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    config_entry: ConfigEntry
    def __init__(self, config_entry: _Optional[_Union[ConfigEntry, _Mapping]] = ...) -> None: ...

class RejectChangeRequest(_message.Message):
    __slots__ = ("config_entry_id", "review_comment")
    CONFIG_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REVIEW_COMMENT_FIELD_NUMBER: _ClassVar[int]
    config_entry_id: str
    review_comment: str
    def __init__(self, config_entry_id: _Optional[str] = ..., review_comment: _Optional[str] = ...) -> None: ...

class RejectChangeResponse(_message.Message):
    __slots__ = ("config_entry",)
    CONFIG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    config_entry: ConfigEntry
    def __init__(self, config_entry: _Optional[_Union[ConfigEntry, _Mapping]] = ...) -> None: ...

class RolloutChangeRequest(_message.Message):
    __slots__ = ("config_entry_id", "stages", "first_stage", "incident_number")
    CONFIG_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    FIRST_STAGE_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    config_entry_id: str
    stages: _containers.RepeatedScalarFieldContainer[int]
    first_stage: int
    incident_number: str
    def __init__(self, config_entry_id: _Optional[str] = ..., stages: _Optional[_Iterable[int]] = ..., first_stage: _Optional[int] = ..., incident_number: _Optional[str] = ...) -> None: ...

class RolloutChangeResponse(_message.Message):
    __slots__ = ("config_entry",)
    CONFIG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    config_entry: ConfigEntry
    def __init__(self, config_entry: _Optional[_Union[ConfigEntry, _Mapping]] = ...) -> None: ...

class CompleteConfigRolloutRequest(_message.Message):
    __slots__ = ("config_entry_id",)
    CONFIG_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    config_entry_id: str
    def __init__(self, config_entry_id: _Optional[str] = ...) -> None: ...

class CompleteConfigRolloutResponse(_message.Message):
    __slots__ = ("config_entry",)
    CONFIG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    config_entry: ConfigEntry
    def __init__(self, config_entry: _Optional[_Union[ConfigEntry, _Mapping]] = ...) -> None: ...

class RollbackChangeRequest(_message.Message):
    __slots__ = ("config_entry_id", "to_revision", "rollback_reason")
    CONFIG_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    TO_REVISION_FIELD_NUMBER: _ClassVar[int]
    ROLLBACK_REASON_FIELD_NUMBER: _ClassVar[int]
    config_entry_id: str
    to_revision: int
    rollback_reason: str
    def __init__(self, config_entry_id: _Optional[str] = ..., to_revision: _Optional[int] = ..., rollback_reason: _Optional[str] = ...) -> None: ...

class RollbackChangeResponse(_message.Message):
    __slots__ = ("config_entry",)
    CONFIG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    config_entry: ConfigEntry
    def __init__(self, config_entry: _Optional[_Union[ConfigEntry, _Mapping]] = ...) -> None: ...

class FreezeChangesRequest(_message.Message):
    __slots__ = ("starts_at", "ends_at", "frozen_services", "exempt_roles", "reason")
    STARTS_AT_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    FROZEN_SERVICES_FIELD_NUMBER: _ClassVar[int]
    EXEMPT_ROLES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    starts_at: _timestamp_pb2.Timestamp
    ends_at: _timestamp_pb2.Timestamp
    frozen_services: _containers.RepeatedScalarFieldContainer[str]
    exempt_roles: _containers.RepeatedScalarFieldContainer[str]
    reason: str
    def __init__(self, starts_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., frozen_services: _Optional[_Iterable[str]] = ..., exempt_roles: _Optional[_Iterable[str]] = ..., reason: _Optional[str] = ...) -> None: ...

class FreezeChangesResponse(_message.Message):
    __slots__ = ("change_freeze",)
    CHANGE_FREEZE_FIELD_NUMBER: _ClassVar[int]
    change_freeze: ChangeFreeze
    def __init__(self, change_freeze: _Optional[_Union[ChangeFreeze, _Mapping]] = ...) -> None: ...

class LiftFreezeRequest(_message.Message):
    __slots__ = ("change_freeze_id",)
    CHANGE_FREEZE_ID_FIELD_NUMBER: _ClassVar[int]
    change_freeze_id: str
    def __init__(self, change_freeze_id: _Optional[str] = ...) -> None: ...

class LiftFreezeResponse(_message.Message):
    __slots__ = ("change_freeze",)
    CHANGE_FREEZE_FIELD_NUMBER: _ClassVar[int]
    change_freeze: ChangeFreeze
    def __init__(self, change_freeze: _Optional[_Union[ChangeFreeze, _Mapping]] = ...) -> None: ...

class DefineConfigSchemaRequest(_message.Message):
    __slots__ = ("key", "json_schema", "reload_mode", "blast_radius", "owner", "deprecated_at", "overridable")
    KEY_FIELD_NUMBER: _ClassVar[int]
    JSON_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    RELOAD_MODE_FIELD_NUMBER: _ClassVar[int]
    BLAST_RADIUS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DEPRECATED_AT_FIELD_NUMBER: _ClassVar[int]
    OVERRIDABLE_FIELD_NUMBER: _ClassVar[int]
    key: str
    json_schema: str
    reload_mode: ReloadMode
    blast_radius: BlastRadius
    owner: str
    deprecated_at: _timestamp_pb2.Timestamp
    overridable: bool
    def __init__(self, key: _Optional[str] = ..., json_schema: _Optional[str] = ..., reload_mode: _Optional[_Union[ReloadMode, str]] = ..., blast_radius: _Optional[_Union[BlastRadius, str]] = ..., owner: _Optional[str] = ..., deprecated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., overridable: _Optional[bool] = ...) -> None: ...

class DefineConfigSchemaResponse(_message.Message):
    __slots__ = ("config_schema",)
    CONFIG_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    config_schema: ConfigSchema
    def __init__(self, config_schema: _Optional[_Union[ConfigSchema, _Mapping]] = ...) -> None: ...

class PlanReleaseRequest(_message.Message):
    __slots__ = ("name", "entry_ids", "stage_minutes", "abort_query")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENTRY_IDS_FIELD_NUMBER: _ClassVar[int]
    STAGE_MINUTES_FIELD_NUMBER: _ClassVar[int]
    ABORT_QUERY_FIELD_NUMBER: _ClassVar[int]
    name: str
    entry_ids: _containers.RepeatedScalarFieldContainer[str]
    stage_minutes: int
    abort_query: str
    def __init__(self, name: _Optional[str] = ..., entry_ids: _Optional[_Iterable[str]] = ..., stage_minutes: _Optional[int] = ..., abort_query: _Optional[str] = ...) -> None: ...

class PlanReleaseResponse(_message.Message):
    __slots__ = ("config_release",)
    CONFIG_RELEASE_FIELD_NUMBER: _ClassVar[int]
    config_release: ConfigRelease
    def __init__(self, config_release: _Optional[_Union[ConfigRelease, _Mapping]] = ...) -> None: ...

class GetConfigRequest(_message.Message):
    __slots__ = ("service_name", "environment", "region", "keys", "tenant_id", "pod_name")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    POD_NAME_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    environment: Environment
    region: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    tenant_id: str
    pod_name: str
    def __init__(self, service_name: _Optional[str] = ..., environment: _Optional[_Union[Environment, str]] = ..., region: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ..., tenant_id: _Optional[str] = ..., pod_name: _Optional[str] = ...) -> None: ...

class GetConfigResponse(_message.Message):
    __slots__ = ("revision_mark", "entries")
    REVISION_MARK_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    revision_mark: int
    entries: _containers.RepeatedCompositeFieldContainer[ConfigEntry]
    def __init__(self, revision_mark: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[ConfigEntry, _Mapping]]] = ...) -> None: ...

class WatchConfigRequest(_message.Message):
    __slots__ = ("service_name", "environment", "region", "known_checksums", "pod_name")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    KNOWN_CHECKSUMS_FIELD_NUMBER: _ClassVar[int]
    POD_NAME_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    environment: Environment
    region: str
    known_checksums: _containers.RepeatedScalarFieldContainer[str]
    pod_name: str
    def __init__(self, service_name: _Optional[str] = ..., environment: _Optional[_Union[Environment, str]] = ..., region: _Optional[str] = ..., known_checksums: _Optional[_Iterable[str]] = ..., pod_name: _Optional[str] = ...) -> None: ...

class WatchConfigResponse(_message.Message):
    __slots__ = ("revision_mark", "entries")
    REVISION_MARK_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    revision_mark: int
    entries: _containers.RepeatedCompositeFieldContainer[ConfigEntry]
    def __init__(self, revision_mark: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[ConfigEntry, _Mapping]]] = ...) -> None: ...

class GetRevisionRequest(_message.Message):
    __slots__ = ("config_entry_id",)
    CONFIG_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    config_entry_id: str
    def __init__(self, config_entry_id: _Optional[str] = ...) -> None: ...

class GetRevisionResponse(_message.Message):
    __slots__ = ("config_entry",)
    CONFIG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    config_entry: ConfigEntry
    def __init__(self, config_entry: _Optional[_Union[ConfigEntry, _Mapping]] = ...) -> None: ...

class ListRevisionsRequest(_message.Message):
    __slots__ = ("key", "service_name", "environment", "scope", "status", "sort", "limit", "cursor")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    key: str
    service_name: str
    environment: Environment
    scope: ConfigScope
    status: ConfigStatus
    sort: str
    limit: int
    cursor: str
    def __init__(self, key: _Optional[str] = ..., service_name: _Optional[str] = ..., environment: _Optional[_Union[Environment, str]] = ..., scope: _Optional[_Union[ConfigScope, str]] = ..., status: _Optional[_Union[ConfigStatus, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListRevisionsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ConfigEntry]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[ConfigEntry, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class CompareRevisionsRequest(_message.Message):
    __slots__ = ("left_entry_id", "right_entry_id")
    LEFT_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    RIGHT_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    left_entry_id: str
    right_entry_id: str
    def __init__(self, left_entry_id: _Optional[str] = ..., right_entry_id: _Optional[str] = ...) -> None: ...

class CompareRevisionsResponse(_message.Message):
    __slots__ = ("changed_paths", "left_value", "right_value", "same_checksum")
    CHANGED_PATHS_FIELD_NUMBER: _ClassVar[int]
    LEFT_VALUE_FIELD_NUMBER: _ClassVar[int]
    RIGHT_VALUE_FIELD_NUMBER: _ClassVar[int]
    SAME_CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    changed_paths: _containers.RepeatedScalarFieldContainer[str]
    left_value: str
    right_value: str
    same_checksum: bool
    def __init__(self, changed_paths: _Optional[_Iterable[str]] = ..., left_value: _Optional[str] = ..., right_value: _Optional[str] = ..., same_checksum: _Optional[bool] = ...) -> None: ...

class ListFreezesRequest(_message.Message):
    __slots__ = ("declared_by", "sort", "limit", "cursor")
    DECLARED_BY_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    declared_by: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, declared_by: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListFreezesResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ChangeFreeze]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[ChangeFreeze, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...
