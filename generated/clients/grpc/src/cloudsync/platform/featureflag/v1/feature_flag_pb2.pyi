import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FlagPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FLAG_PURPOSE_UNSPECIFIED: _ClassVar[FlagPurpose]
    FLAG_PURPOSE_RELEASE: _ClassVar[FlagPurpose]
    FLAG_PURPOSE_EXPERIMENT: _ClassVar[FlagPurpose]
    FLAG_PURPOSE_OPS: _ClassVar[FlagPurpose]
    FLAG_PURPOSE_ENTITLEMENT: _ClassVar[FlagPurpose]
    FLAG_PURPOSE_KILL_SWITCH: _ClassVar[FlagPurpose]

class FlagValueType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FLAG_VALUE_TYPE_UNSPECIFIED: _ClassVar[FlagValueType]
    FLAG_VALUE_TYPE_BOOLEAN: _ClassVar[FlagValueType]
    FLAG_VALUE_TYPE_STRING: _ClassVar[FlagValueType]
    FLAG_VALUE_TYPE_INTEGER: _ClassVar[FlagValueType]
    FLAG_VALUE_TYPE_JSON: _ClassVar[FlagValueType]

class FlagStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FLAG_STATUS_UNSPECIFIED: _ClassVar[FlagStatus]
    FLAG_STATUS_DRAFT: _ClassVar[FlagStatus]
    FLAG_STATUS_SCHEDULED: _ClassVar[FlagStatus]
    FLAG_STATUS_ACTIVE: _ClassVar[FlagStatus]
    FLAG_STATUS_KILLED: _ClassVar[FlagStatus]
    FLAG_STATUS_ROLLED_OUT: _ClassVar[FlagStatus]
    FLAG_STATUS_ARCHIVED: _ClassVar[FlagStatus]

class BucketingUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BUCKETING_UNIT_UNSPECIFIED: _ClassVar[BucketingUnit]
    BUCKETING_UNIT_USER: _ClassVar[BucketingUnit]
    BUCKETING_UNIT_ORGANIZATION: _ClassVar[BucketingUnit]
    BUCKETING_UNIT_DEVICE: _ClassVar[BucketingUnit]

class TargetingAttribute(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TARGETING_ATTRIBUTE_UNSPECIFIED: _ClassVar[TargetingAttribute]
    TARGETING_ATTRIBUTE_PLAN: _ClassVar[TargetingAttribute]
    TARGETING_ATTRIBUTE_COUNTRY: _ClassVar[TargetingAttribute]
    TARGETING_ATTRIBUTE_APP_VERSION: _ClassVar[TargetingAttribute]
    TARGETING_ATTRIBUTE_ROLE: _ClassVar[TargetingAttribute]
    TARGETING_ATTRIBUTE_SEGMENT: _ClassVar[TargetingAttribute]

class TargetingOperator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TARGETING_OPERATOR_UNSPECIFIED: _ClassVar[TargetingOperator]
    TARGETING_OPERATOR_IN: _ClassVar[TargetingOperator]
    TARGETING_OPERATOR_NOT_IN: _ClassVar[TargetingOperator]
    TARGETING_OPERATOR_SEMVER_GTE: _ClassVar[TargetingOperator]
    TARGETING_OPERATOR_MATCHES: _ClassVar[TargetingOperator]
    TARGETING_OPERATOR_PERCENT: _ClassVar[TargetingOperator]

class ExperimentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPERIMENT_STATE_UNSPECIFIED: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_RUNNING: _ClassVar[ExperimentState]
    EXPERIMENT_STATE_DECIDED: _ClassVar[ExperimentState]

class DecisionReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_REASON_UNSPECIFIED: _ClassVar[DecisionReason]
    DECISION_REASON_RULE: _ClassVar[DecisionReason]
    DECISION_REASON_ROLLOUT: _ClassVar[DecisionReason]
    DECISION_REASON_OVERRIDE: _ClassVar[DecisionReason]
    DECISION_REASON_ENTITLEMENT: _ClassVar[DecisionReason]
    DECISION_REASON_OFF_VARIANT: _ClassVar[DecisionReason]
    DECISION_REASON_UNKNOWN_FLAG: _ClassVar[DecisionReason]

class Environment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENVIRONMENT_UNSPECIFIED: _ClassVar[Environment]
    ENVIRONMENT_PRODUCTION: _ClassVar[Environment]
    ENVIRONMENT_STAGING: _ClassVar[Environment]
    ENVIRONMENT_DEVELOPMENT: _ClassVar[Environment]

class Edition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EDITION_UNSPECIFIED: _ClassVar[Edition]
    EDITION_FREE: _ClassVar[Edition]
    EDITION_TEAM: _ClassVar[Edition]
    EDITION_BUSINESS: _ClassVar[Edition]
    EDITION_ENTERPRISE: _ClassVar[Edition]
FLAG_PURPOSE_UNSPECIFIED: FlagPurpose
FLAG_PURPOSE_RELEASE: FlagPurpose
FLAG_PURPOSE_EXPERIMENT: FlagPurpose
FLAG_PURPOSE_OPS: FlagPurpose
FLAG_PURPOSE_ENTITLEMENT: FlagPurpose
FLAG_PURPOSE_KILL_SWITCH: FlagPurpose
FLAG_VALUE_TYPE_UNSPECIFIED: FlagValueType
FLAG_VALUE_TYPE_BOOLEAN: FlagValueType
FLAG_VALUE_TYPE_STRING: FlagValueType
FLAG_VALUE_TYPE_INTEGER: FlagValueType
FLAG_VALUE_TYPE_JSON: FlagValueType
FLAG_STATUS_UNSPECIFIED: FlagStatus
FLAG_STATUS_DRAFT: FlagStatus
FLAG_STATUS_SCHEDULED: FlagStatus
FLAG_STATUS_ACTIVE: FlagStatus
FLAG_STATUS_KILLED: FlagStatus
FLAG_STATUS_ROLLED_OUT: FlagStatus
FLAG_STATUS_ARCHIVED: FlagStatus
BUCKETING_UNIT_UNSPECIFIED: BucketingUnit
BUCKETING_UNIT_USER: BucketingUnit
BUCKETING_UNIT_ORGANIZATION: BucketingUnit
BUCKETING_UNIT_DEVICE: BucketingUnit
TARGETING_ATTRIBUTE_UNSPECIFIED: TargetingAttribute
TARGETING_ATTRIBUTE_PLAN: TargetingAttribute
TARGETING_ATTRIBUTE_COUNTRY: TargetingAttribute
TARGETING_ATTRIBUTE_APP_VERSION: TargetingAttribute
TARGETING_ATTRIBUTE_ROLE: TargetingAttribute
TARGETING_ATTRIBUTE_SEGMENT: TargetingAttribute
TARGETING_OPERATOR_UNSPECIFIED: TargetingOperator
TARGETING_OPERATOR_IN: TargetingOperator
TARGETING_OPERATOR_NOT_IN: TargetingOperator
TARGETING_OPERATOR_SEMVER_GTE: TargetingOperator
TARGETING_OPERATOR_MATCHES: TargetingOperator
TARGETING_OPERATOR_PERCENT: TargetingOperator
EXPERIMENT_STATE_UNSPECIFIED: ExperimentState
EXPERIMENT_STATE_RUNNING: ExperimentState
EXPERIMENT_STATE_DECIDED: ExperimentState
DECISION_REASON_UNSPECIFIED: DecisionReason
DECISION_REASON_RULE: DecisionReason
DECISION_REASON_ROLLOUT: DecisionReason
DECISION_REASON_OVERRIDE: DecisionReason
DECISION_REASON_ENTITLEMENT: DecisionReason
DECISION_REASON_OFF_VARIANT: DecisionReason
DECISION_REASON_UNKNOWN_FLAG: DecisionReason
ENVIRONMENT_UNSPECIFIED: Environment
ENVIRONMENT_PRODUCTION: Environment
ENVIRONMENT_STAGING: Environment
ENVIRONMENT_DEVELOPMENT: Environment
EDITION_UNSPECIFIED: Edition
EDITION_FREE: Edition
EDITION_TEAM: Edition
EDITION_BUSINESS: Edition
EDITION_ENTERPRISE: Edition

class FlagVariant(_message.Message):
    __slots__ = ("name", "value", "weight")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    weight: int
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ..., weight: _Optional[int] = ...) -> None: ...

class TargetingRule(_message.Message):
    __slots__ = ("order", "attribute", "operator", "values", "variant")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    order: int
    attribute: TargetingAttribute
    operator: TargetingOperator
    values: _containers.RepeatedScalarFieldContainer[str]
    variant: str
    def __init__(self, order: _Optional[int] = ..., attribute: _Optional[_Union[TargetingAttribute, str]] = ..., operator: _Optional[_Union[TargetingOperator, str]] = ..., values: _Optional[_Iterable[str]] = ..., variant: _Optional[str] = ...) -> None: ...

class EvaluationContext(_message.Message):
    __slots__ = ("organization_id", "user_id", "device_id", "plan", "country", "app_version", "role")
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    APP_VERSION_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    organization_id: str
    user_id: str
    device_id: str
    plan: Edition
    country: str
    app_version: str
    role: str
    def __init__(self, organization_id: _Optional[str] = ..., user_id: _Optional[str] = ..., device_id: _Optional[str] = ..., plan: _Optional[_Union[Edition, str]] = ..., country: _Optional[str] = ..., app_version: _Optional[str] = ..., role: _Optional[str] = ...) -> None: ...

class FlagDecision(_message.Message):
    __slots__ = ("key", "variant", "value", "reason", "rules_checksum")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RULES_CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    key: str
    variant: str
    value: str
    reason: DecisionReason
    rules_checksum: str
    def __init__(self, key: _Optional[str] = ..., variant: _Optional[str] = ..., value: _Optional[str] = ..., reason: _Optional[_Union[DecisionReason, str]] = ..., rules_checksum: _Optional[str] = ...) -> None: ...

class FeatureFlag(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "key", "environment", "purpose", "value_type", "variants", "default_variant", "off_variant", "rules", "rollout_percent", "bucket_by", "prerequisites", "owner_team", "guarded_service", "auto_kill", "starts_at", "expires_at", "changed_at", "kill_reason", "killed_by", "killed_at", "rules_checksum", "status")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VARIANT_FIELD_NUMBER: _ClassVar[int]
    OFF_VARIANT_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_PERCENT_FIELD_NUMBER: _ClassVar[int]
    BUCKET_BY_FIELD_NUMBER: _ClassVar[int]
    PREREQUISITES_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    GUARDED_SERVICE_FIELD_NUMBER: _ClassVar[int]
    AUTO_KILL_FIELD_NUMBER: _ClassVar[int]
    STARTS_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    KILL_REASON_FIELD_NUMBER: _ClassVar[int]
    KILLED_BY_FIELD_NUMBER: _ClassVar[int]
    KILLED_AT_FIELD_NUMBER: _ClassVar[int]
    RULES_CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    key: str
    environment: Environment
    purpose: FlagPurpose
    value_type: FlagValueType
    variants: _containers.RepeatedCompositeFieldContainer[FlagVariant]
    default_variant: str
    off_variant: str
    rules: _containers.RepeatedCompositeFieldContainer[TargetingRule]
    rollout_percent: int
    bucket_by: BucketingUnit
    prerequisites: _containers.RepeatedScalarFieldContainer[str]
    owner_team: str
    guarded_service: str
    auto_kill: bool
    starts_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    changed_at: _timestamp_pb2.Timestamp
    kill_reason: str
    killed_by: str
    killed_at: _timestamp_pb2.Timestamp
    rules_checksum: str
    status: FlagStatus
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., key: _Optional[str] = ..., environment: _Optional[_Union[Environment, str]] = ..., purpose: _Optional[_Union[FlagPurpose, str]] = ..., value_type: _Optional[_Union[FlagValueType, str]] = ..., variants: _Optional[_Iterable[_Union[FlagVariant, _Mapping]]] = ..., default_variant: _Optional[str] = ..., off_variant: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[TargetingRule, _Mapping]]] = ..., rollout_percent: _Optional[int] = ..., bucket_by: _Optional[_Union[BucketingUnit, str]] = ..., prerequisites: _Optional[_Iterable[str]] = ..., owner_team: _Optional[str] = ..., guarded_service: _Optional[str] = ..., auto_kill: _Optional[bool] = ..., starts_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., changed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kill_reason: _Optional[str] = ..., killed_by: _Optional[str] = ..., killed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rules_checksum: _Optional[str] = ..., status: _Optional[_Union[FlagStatus, str]] = ...) -> None: ...

class FlagSegment(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "segment_name", "purpose", "organization_ids", "condition", "maintained_by", "last_matched_count")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_IDS_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    MAINTAINED_BY_FIELD_NUMBER: _ClassVar[int]
    LAST_MATCHED_COUNT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    segment_name: str
    purpose: str
    organization_ids: _containers.RepeatedScalarFieldContainer[str]
    condition: str
    maintained_by: str
    last_matched_count: int
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., segment_name: _Optional[str] = ..., purpose: _Optional[str] = ..., organization_ids: _Optional[_Iterable[str]] = ..., condition: _Optional[str] = ..., maintained_by: _Optional[str] = ..., last_matched_count: _Optional[int] = ...) -> None: ...

class FlagOverride(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "feature_flag_id", "target_organization_id", "variant", "reason", "granted_by", "expires_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GRANTED_BY_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    feature_flag_id: str
    target_organization_id: str
    variant: str
    reason: str
    granted_by: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., feature_flag_id: _Optional[str] = ..., target_organization_id: _Optional[str] = ..., variant: _Optional[str] = ..., reason: _Optional[str] = ..., granted_by: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FlagExperiment(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "feature_flag_id", "hypothesis", "primary_metric", "minimum_effect", "allocation", "required_sample", "observed_sample", "started_by", "state", "winner", "observed_effect", "decided_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    HYPOTHESIS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_METRIC_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_EFFECT_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    STARTED_BY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    WINNER_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_EFFECT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    feature_flag_id: str
    hypothesis: str
    primary_metric: str
    minimum_effect: float
    allocation: int
    required_sample: int
    observed_sample: int
    started_by: str
    state: ExperimentState
    winner: str
    observed_effect: float
    decided_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., feature_flag_id: _Optional[str] = ..., hypothesis: _Optional[str] = ..., primary_metric: _Optional[str] = ..., minimum_effect: _Optional[float] = ..., allocation: _Optional[int] = ..., required_sample: _Optional[int] = ..., observed_sample: _Optional[int] = ..., started_by: _Optional[str] = ..., state: _Optional[_Union[ExperimentState, str]] = ..., winner: _Optional[str] = ..., observed_effect: _Optional[float] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateFlagRequest(_message.Message):
    __slots__ = ("key", "environment", "purpose", "value_type", "variants", "default_variant", "off_variant", "rules", "bucket_by", "prerequisites", "owner_team", "guarded_service", "auto_kill", "expires_at")
    KEY_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VARIANT_FIELD_NUMBER: _ClassVar[int]
    OFF_VARIANT_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    BUCKET_BY_FIELD_NUMBER: _ClassVar[int]
    PREREQUISITES_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    GUARDED_SERVICE_FIELD_NUMBER: _ClassVar[int]
    AUTO_KILL_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    key: str
    environment: Environment
    purpose: FlagPurpose
    value_type: FlagValueType
    variants: _containers.RepeatedCompositeFieldContainer[FlagVariant]
    default_variant: str
    off_variant: str
    rules: _containers.RepeatedCompositeFieldContainer[TargetingRule]
    bucket_by: BucketingUnit
    prerequisites: _containers.RepeatedScalarFieldContainer[str]
    owner_team: str
    guarded_service: str
    auto_kill: bool
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[str] = ..., environment: _Optional[_Union[Environment, str]] = ..., purpose: _Optional[_Union[FlagPurpose, str]] = ..., value_type: _Optional[_Union[FlagValueType, str]] = ..., variants: _Optional[_Iterable[_Union[FlagVariant, _Mapping]]] = ..., default_variant: _Optional[str] = ..., off_variant: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[TargetingRule, _Mapping]]] = ..., bucket_by: _Optional[_Union[BucketingUnit, str]] = ..., prerequisites: _Optional[_Iterable[str]] = ..., owner_team: _Optional[str] = ..., guarded_service: _Optional[str] = ..., auto_kill: _Optional[bool] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateFlagResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class ScheduleFlagRequest(_message.Message):
    __slots__ = ("feature_flag_id", "starts_at")
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    STARTS_AT_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    starts_at: _timestamp_pb2.Timestamp
    def __init__(self, feature_flag_id: _Optional[str] = ..., starts_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ScheduleFlagResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class ActivateFlagRequest(_message.Message):
    __slots__ = ("feature_flag_id",)
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    def __init__(self, feature_flag_id: _Optional[str] = ...) -> None: ...

class ActivateFlagResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class EditFlagRequest(_message.Message):
    __slots__ = ("feature_flag_id", "variants", "default_variant", "off_variant", "rules", "owner_team", "guarded_service", "auto_kill", "expires_at")
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VARIANT_FIELD_NUMBER: _ClassVar[int]
    OFF_VARIANT_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    GUARDED_SERVICE_FIELD_NUMBER: _ClassVar[int]
    AUTO_KILL_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    variants: _containers.RepeatedCompositeFieldContainer[FlagVariant]
    default_variant: str
    off_variant: str
    rules: _containers.RepeatedCompositeFieldContainer[TargetingRule]
    owner_team: str
    guarded_service: str
    auto_kill: bool
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, feature_flag_id: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[FlagVariant, _Mapping]]] = ..., default_variant: _Optional[str] = ..., off_variant: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[TargetingRule, _Mapping]]] = ..., owner_team: _Optional[str] = ..., guarded_service: _Optional[str] = ..., auto_kill: _Optional[bool] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EditFlagResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class ChangeRolloutRequest(_message.Message):
    __slots__ = ("feature_flag_id", "rollout_percent", "incident_number")
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_PERCENT_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    rollout_percent: int
    incident_number: str
    def __init__(self, feature_flag_id: _Optional[str] = ..., rollout_percent: _Optional[int] = ..., incident_number: _Optional[str] = ...) -> None: ...

class ChangeRolloutResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class CompleteRolloutRequest(_message.Message):
    __slots__ = ("feature_flag_id",)
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    def __init__(self, feature_flag_id: _Optional[str] = ...) -> None: ...

class CompleteRolloutResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class KillFlagRequest(_message.Message):
    __slots__ = ("feature_flag_id", "reason")
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    reason: str
    def __init__(self, feature_flag_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class KillFlagResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class RestoreFlagRequest(_message.Message):
    __slots__ = ("feature_flag_id", "incident_number")
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    incident_number: str
    def __init__(self, feature_flag_id: _Optional[str] = ..., incident_number: _Optional[str] = ...) -> None: ...

class RestoreFlagResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class ArchiveFlagRequest(_message.Message):
    __slots__ = ("feature_flag_id",)
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    def __init__(self, feature_flag_id: _Optional[str] = ...) -> None: ...

class ArchiveFlagResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class SetOverrideRequest(_message.Message):
    __slots__ = ("feature_flag_id", "target_organization_id", "variant", "reason", "expires_at")
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    target_organization_id: str
    variant: str
    reason: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, feature_flag_id: _Optional[str] = ..., target_organization_id: _Optional[str] = ..., variant: _Optional[str] = ..., reason: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SetOverrideResponse(_message.Message):
    __slots__ = ("flag_override",)
    FLAG_OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    flag_override: FlagOverride
    def __init__(self, flag_override: _Optional[_Union[FlagOverride, _Mapping]] = ...) -> None: ...

class ClearOverrideRequest(_message.Message):
    __slots__ = ("flag_override_id",)
    FLAG_OVERRIDE_ID_FIELD_NUMBER: _ClassVar[int]
    flag_override_id: str
    def __init__(self, flag_override_id: _Optional[str] = ...) -> None: ...

class ClearOverrideResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DefineSegmentRequest(_message.Message):
    __slots__ = ("segment_name", "purpose", "organization_ids", "condition", "maintained_by")
    SEGMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_IDS_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    MAINTAINED_BY_FIELD_NUMBER: _ClassVar[int]
    segment_name: str
    purpose: str
    organization_ids: _containers.RepeatedScalarFieldContainer[str]
    condition: str
    maintained_by: str
    def __init__(self, segment_name: _Optional[str] = ..., purpose: _Optional[str] = ..., organization_ids: _Optional[_Iterable[str]] = ..., condition: _Optional[str] = ..., maintained_by: _Optional[str] = ...) -> None: ...

class DefineSegmentResponse(_message.Message):
    __slots__ = ("flag_segment",)
    FLAG_SEGMENT_FIELD_NUMBER: _ClassVar[int]
    flag_segment: FlagSegment
    def __init__(self, flag_segment: _Optional[_Union[FlagSegment, _Mapping]] = ...) -> None: ...

class StartExperimentRequest(_message.Message):
    __slots__ = ("feature_flag_id", "hypothesis", "primary_metric", "minimum_effect", "allocation")
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    HYPOTHESIS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_METRIC_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_EFFECT_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    hypothesis: str
    primary_metric: str
    minimum_effect: float
    allocation: int
    def __init__(self, feature_flag_id: _Optional[str] = ..., hypothesis: _Optional[str] = ..., primary_metric: _Optional[str] = ..., minimum_effect: _Optional[float] = ..., allocation: _Optional[int] = ...) -> None: ...

class StartExperimentResponse(_message.Message):
    __slots__ = ("flag_experiment",)
    FLAG_EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    flag_experiment: FlagExperiment
    def __init__(self, flag_experiment: _Optional[_Union[FlagExperiment, _Mapping]] = ...) -> None: ...

class DecideExperimentRequest(_message.Message):
    __slots__ = ("flag_experiment_id", "winner", "observed_effect")
    FLAG_EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    WINNER_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_EFFECT_FIELD_NUMBER: _ClassVar[int]
    flag_experiment_id: str
    winner: str
    observed_effect: float
    def __init__(self, flag_experiment_id: _Optional[str] = ..., winner: _Optional[str] = ..., observed_effect: _Optional[float] = ...) -> None: ...

class DecideExperimentResponse(_message.Message):
    __slots__ = ("flag_experiment",)
    FLAG_EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    flag_experiment: FlagExperiment
    def __init__(self, flag_experiment: _Optional[_Union[FlagExperiment, _Mapping]] = ...) -> None: ...

class EvaluateFlagRequest(_message.Message):
    __slots__ = ("key", "environment", "context", "fallback_value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    environment: Environment
    context: EvaluationContext
    fallback_value: str
    def __init__(self, key: _Optional[str] = ..., environment: _Optional[_Union[Environment, str]] = ..., context: _Optional[_Union[EvaluationContext, _Mapping]] = ..., fallback_value: _Optional[str] = ...) -> None: ...

class EvaluateFlagResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: FlagDecision
    def __init__(self, decision: _Optional[_Union[FlagDecision, _Mapping]] = ...) -> None: ...

class EvaluateBatchRequest(_message.Message):
    __slots__ = ("keys", "environment", "context")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[str]
    environment: Environment
    context: EvaluationContext
    def __init__(self, keys: _Optional[_Iterable[str]] = ..., environment: _Optional[_Union[Environment, str]] = ..., context: _Optional[_Union[EvaluationContext, _Mapping]] = ...) -> None: ...

class EvaluateBatchResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[FlagDecision]
    def __init__(self, items: _Optional[_Iterable[_Union[FlagDecision, _Mapping]]] = ...) -> None: ...

class WatchFlagsRequest(_message.Message):
    __slots__ = ("environment", "rules_checksum")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    RULES_CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    environment: Environment
    rules_checksum: str
    def __init__(self, environment: _Optional[_Union[Environment, str]] = ..., rules_checksum: _Optional[str] = ...) -> None: ...

class WatchFlagsResponse(_message.Message):
    __slots__ = ("environment", "rules_checksum", "bundle", "flag_count", "generated_at")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    RULES_CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    FLAG_COUNT_FIELD_NUMBER: _ClassVar[int]
    GENERATED_AT_FIELD_NUMBER: _ClassVar[int]
    environment: Environment
    rules_checksum: str
    bundle: bytes
    flag_count: int
    generated_at: _timestamp_pb2.Timestamp
    def __init__(self, environment: _Optional[_Union[Environment, str]] = ..., rules_checksum: _Optional[str] = ..., bundle: _Optional[bytes] = ..., flag_count: _Optional[int] = ..., generated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetFlagRequest(_message.Message):
    __slots__ = ("feature_flag_id",)
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    def __init__(self, feature_flag_id: _Optional[str] = ...) -> None: ...

class GetFlagResponse(_message.Message):
    __slots__ = ("feature_flag",)
    FEATURE_FLAG_FIELD_NUMBER: _ClassVar[int]
    feature_flag: FeatureFlag
    def __init__(self, feature_flag: _Optional[_Union[FeatureFlag, _Mapping]] = ...) -> None: ...

class ListFlagsRequest(_message.Message):
    __slots__ = ("environment", "purpose", "status", "owner_team", "sort", "limit", "cursor")
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    environment: Environment
    purpose: FlagPurpose
    status: FlagStatus
    owner_team: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, environment: _Optional[_Union[Environment, str]] = ..., purpose: _Optional[_Union[FlagPurpose, str]] = ..., status: _Optional[_Union[FlagStatus, str]] = ..., owner_team: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListFlagsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[FeatureFlag]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[FeatureFlag, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ListOverridesRequest(_message.Message):
    __slots__ = ("feature_flag_id", "target_organization_id", "sort", "limit", "cursor")
    FEATURE_FLAG_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    feature_flag_id: str
    target_organization_id: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, feature_flag_id: _Optional[str] = ..., target_organization_id: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListOverridesResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[FlagOverride]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[FlagOverride, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...
