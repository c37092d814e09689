import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReservationKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESERVATION_KIND_UNSPECIFIED: _ClassVar[ReservationKind]
    RESERVATION_KIND_ORDER: _ClassVar[ReservationKind]
    RESERVATION_KIND_EXPANSION: _ClassVar[ReservationKind]
    RESERVATION_KIND_PLAN_CHANGE: _ClassVar[ReservationKind]
    RESERVATION_KIND_TRIAL: _ClassVar[ReservationKind]

class ReservationStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESERVATION_STATUS_UNSPECIFIED: _ClassVar[ReservationStatus]
    RESERVATION_STATUS_HELD: _ClassVar[ReservationStatus]
    RESERVATION_STATUS_COMMITTED: _ClassVar[ReservationStatus]
    RESERVATION_STATUS_RELEASED: _ClassVar[ReservationStatus]
    RESERVATION_STATUS_EXPIRED: _ClassVar[ReservationStatus]
    RESERVATION_STATUS_REJECTED: _ClassVar[ReservationStatus]

class ReleaseReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELEASE_REASON_UNSPECIFIED: _ClassVar[ReleaseReason]
    RELEASE_REASON_PAYMENT_FAILED: _ClassVar[ReleaseReason]
    RELEASE_REASON_ORDER_CANCELLED: _ClassVar[ReleaseReason]
    RELEASE_REASON_HOLD_EXPIRED: _ClassVar[ReleaseReason]
    RELEASE_REASON_CONTRACTION: _ClassVar[ReleaseReason]
    RELEASE_REASON_SUBSCRIPTION_CANCELLED: _ClassVar[ReleaseReason]

class RejectReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REJECT_REASON_UNSPECIFIED: _ClassVar[RejectReason]
    REJECT_REASON_CEILING_EXCEEDED: _ClassVar[RejectReason]
    REJECT_REASON_POOL_FROZEN: _ClassVar[RejectReason]
    REJECT_REASON_ORDER_TOMBSTONED: _ClassVar[RejectReason]
    REJECT_REASON_TOO_MANY_HOLDS: _ClassVar[RejectReason]
    REJECT_REASON_HOLD_LOST: _ClassVar[RejectReason]

class RevokeReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REVOKE_REASON_UNSPECIFIED: _ClassVar[RevokeReason]
    REVOKE_REASON_BY_ADMINISTRATOR: _ClassVar[RevokeReason]
    REVOKE_REASON_MEMBER_REMOVED: _ClassVar[RevokeReason]
    REVOKE_REASON_ACCOUNT_ERASED: _ClassVar[RevokeReason]
    REVOKE_REASON_IDLE: _ClassVar[RevokeReason]
    REVOKE_REASON_POOL_CLOSED: _ClassVar[RevokeReason]

class MeterUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METER_UNIT_UNSPECIFIED: _ClassVar[MeterUnit]
    METER_UNIT_CALL: _ClassVar[MeterUnit]
    METER_UNIT_GIBIBYTE_HOUR: _ClassVar[MeterUnit]
    METER_UNIT_MINUTE: _ClassVar[MeterUnit]
    METER_UNIT_GIBIBYTE: _ClassVar[MeterUnit]
    METER_UNIT_RUN: _ClassVar[MeterUnit]

class MeterAggregation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METER_AGGREGATION_UNSPECIFIED: _ClassVar[MeterAggregation]
    METER_AGGREGATION_SUM: _ClassVar[MeterAggregation]
    METER_AGGREGATION_MAX: _ClassVar[MeterAggregation]
    METER_AGGREGATION_LAST: _ClassVar[MeterAggregation]
    METER_AGGREGATION_UNIQUE: _ClassVar[MeterAggregation]

class QuotaLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUOTA_LEVEL_UNSPECIFIED: _ClassVar[QuotaLevel]
    QUOTA_LEVEL_NONE: _ClassVar[QuotaLevel]
    QUOTA_LEVEL_SOFT: _ClassVar[QuotaLevel]
    QUOTA_LEVEL_HARD: _ClassVar[QuotaLevel]

class QuotaVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUOTA_VERDICT_UNSPECIFIED: _ClassVar[QuotaVerdict]
    QUOTA_VERDICT_ALLOW: _ClassVar[QuotaVerdict]
    QUOTA_VERDICT_ALLOW_WITH_WARNING: _ClassVar[QuotaVerdict]
    QUOTA_VERDICT_DENY: _ClassVar[QuotaVerdict]

class UsageGranularity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USAGE_GRANULARITY_UNSPECIFIED: _ClassVar[UsageGranularity]
    USAGE_GRANULARITY_HOUR: _ClassVar[UsageGranularity]
    USAGE_GRANULARITY_DAY: _ClassVar[UsageGranularity]
    USAGE_GRANULARITY_MONTH: _ClassVar[UsageGranularity]

class UsagePeriodStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USAGE_PERIOD_STATUS_UNSPECIFIED: _ClassVar[UsagePeriodStatus]
    USAGE_PERIOD_STATUS_OPEN: _ClassVar[UsagePeriodStatus]
    USAGE_PERIOD_STATUS_CLOSING: _ClassVar[UsagePeriodStatus]
    USAGE_PERIOD_STATUS_CLOSED: _ClassVar[UsagePeriodStatus]
    USAGE_PERIOD_STATUS_BILLED: _ClassVar[UsagePeriodStatus]

class RejectionCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REJECTION_CAUSE_UNSPECIFIED: _ClassVar[RejectionCause]
    REJECTION_CAUSE_RECORD_TOO_OLD: _ClassVar[RejectionCause]
    REJECTION_CAUSE_CLOCK_AHEAD: _ClassVar[RejectionCause]
    REJECTION_CAUSE_UNKNOWN_METER: _ClassVar[RejectionCause]
    REJECTION_CAUSE_SOURCE_NOT_ALLOWED: _ClassVar[RejectionCause]
    REJECTION_CAUSE_DIMENSION_NOT_ALLOWED: _ClassVar[RejectionCause]
    REJECTION_CAUSE_NEGATIVE_QUANTITY: _ClassVar[RejectionCause]
RESERVATION_KIND_UNSPECIFIED: ReservationKind
RESERVATION_KIND_ORDER: ReservationKind
RESERVATION_KIND_EXPANSION: ReservationKind
RESERVATION_KIND_PLAN_CHANGE: ReservationKind
RESERVATION_KIND_TRIAL: ReservationKind
RESERVATION_STATUS_UNSPECIFIED: ReservationStatus
RESERVATION_STATUS_HELD: ReservationStatus
RESERVATION_STATUS_COMMITTED: ReservationStatus
RESERVATION_STATUS_RELEASED: ReservationStatus
RESERVATION_STATUS_EXPIRED: ReservationStatus
RESERVATION_STATUS_REJECTED: ReservationStatus
RELEASE_REASON_UNSPECIFIED: ReleaseReason
RELEASE_REASON_PAYMENT_FAILED: ReleaseReason
RELEASE_REASON_ORDER_CANCELLED: ReleaseReason
RELEASE_REASON_HOLD_EXPIRED: ReleaseReason
RELEASE_REASON_CONTRACTION: ReleaseReason
RELEASE_REASON_SUBSCRIPTION_CANCELLED: ReleaseReason
REJECT_REASON_UNSPECIFIED: RejectReason
REJECT_REASON_CEILING_EXCEEDED: RejectReason
REJECT_REASON_POOL_FROZEN: RejectReason
REJECT_REASON_ORDER_TOMBSTONED: RejectReason
REJECT_REASON_TOO_MANY_HOLDS: RejectReason
REJECT_REASON_HOLD_LOST: RejectReason
REVOKE_REASON_UNSPECIFIED: RevokeReason
REVOKE_REASON_BY_ADMINISTRATOR: RevokeReason
REVOKE_REASON_MEMBER_REMOVED: RevokeReason
REVOKE_REASON_ACCOUNT_ERASED: RevokeReason
REVOKE_REASON_IDLE: RevokeReason
REVOKE_REASON_POOL_CLOSED: RevokeReason
METER_UNIT_UNSPECIFIED: MeterUnit
METER_UNIT_CALL: MeterUnit
METER_UNIT_GIBIBYTE_HOUR: MeterUnit
METER_UNIT_MINUTE: MeterUnit
METER_UNIT_GIBIBYTE: MeterUnit
METER_UNIT_RUN: MeterUnit
METER_AGGREGATION_UNSPECIFIED: MeterAggregation
METER_AGGREGATION_SUM: MeterAggregation
METER_AGGREGATION_MAX: MeterAggregation
METER_AGGREGATION_LAST: MeterAggregation
METER_AGGREGATION_UNIQUE: MeterAggregation
QUOTA_LEVEL_UNSPECIFIED: QuotaLevel
QUOTA_LEVEL_NONE: QuotaLevel
QUOTA_LEVEL_SOFT: QuotaLevel
QUOTA_LEVEL_HARD: QuotaLevel
QUOTA_VERDICT_UNSPECIFIED: QuotaVerdict
QUOTA_VERDICT_ALLOW: QuotaVerdict
QUOTA_VERDICT_ALLOW_WITH_WARNING: QuotaVerdict
QUOTA_VERDICT_DENY: QuotaVerdict
USAGE_GRANULARITY_UNSPECIFIED: UsageGranularity
USAGE_GRANULARITY_HOUR: UsageGranularity
USAGE_GRANULARITY_DAY: UsageGranularity
USAGE_GRANULARITY_MONTH: UsageGranularity
USAGE_PERIOD_STATUS_UNSPECIFIED: UsagePeriodStatus
USAGE_PERIOD_STATUS_OPEN: UsagePeriodStatus
USAGE_PERIOD_STATUS_CLOSING: UsagePeriodStatus
USAGE_PERIOD_STATUS_CLOSED: UsagePeriodStatus
USAGE_PERIOD_STATUS_BILLED: UsagePeriodStatus
REJECTION_CAUSE_UNSPECIFIED: RejectionCause
REJECTION_CAUSE_RECORD_TOO_OLD: RejectionCause
REJECTION_CAUSE_CLOCK_AHEAD: RejectionCause
REJECTION_CAUSE_UNKNOWN_METER: RejectionCause
REJECTION_CAUSE_SOURCE_NOT_ALLOWED: RejectionCause
REJECTION_CAUSE_DIMENSION_NOT_ALLOWED: RejectionCause
REJECTION_CAUSE_NEGATIVE_QUANTITY: RejectionCause

class Reservation(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "subscription_id", "pool_code", "kind", "status", "seats", "seats_before", "ceiling", "held_at", "hold_expires_at", "committed_at", "released_at", "release_reason", "reject_reason", "requested_by", "split_from_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SEATS_FIELD_NUMBER: _ClassVar[int]
    SEATS_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CEILING_FIELD_NUMBER: _ClassVar[int]
    HELD_AT_FIELD_NUMBER: _ClassVar[int]
    HOLD_EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_AT_FIELD_NUMBER: _ClassVar[int]
    RELEASED_AT_FIELD_NUMBER: _ClassVar[int]
    RELEASE_REASON_FIELD_NUMBER: _ClassVar[int]
    REJECT_REASON_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    SPLIT_FROM_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    subscription_id: str
    pool_code: str
    kind: ReservationKind
    status: ReservationStatus
    seats: int
    seats_before: int
    ceiling: int
    held_at: _timestamp_pb2.Timestamp
    hold_expires_at: _timestamp_pb2.Timestamp
    committed_at: _timestamp_pb2.Timestamp
    released_at: _timestamp_pb2.Timestamp
    release_reason: ReleaseReason
    reject_reason: RejectReason
    requested_by: str
    split_from_id: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., subscription_id: _Optional[str] = ..., pool_code: _Optional[str] = ..., kind: _Optional[_Union[ReservationKind, str]] = ..., status: _Optional[_Union[ReservationStatus, str]] = ..., seats: _Optional[int] = ..., seats_before: _Optional[int] = ..., ceiling: _Optional[int] = ..., held_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., hold_expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., committed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., released_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., release_reason: _Optional[_Union[ReleaseReason, str]] = ..., reject_reason: _Optional[_Union[RejectReason, str]] = ..., requested_by: _Optional[str] = ..., split_from_id: _Optional[str] = ...) -> None: ...

class SeatPool(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "pool_code", "ceiling", "held_seats", "committed_seats", "assigned_seats", "frozen", "frozen_reason", "rebuilt_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    CEILING_FIELD_NUMBER: _ClassVar[int]
    HELD_SEATS_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_SEATS_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_SEATS_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    FROZEN_REASON_FIELD_NUMBER: _ClassVar[int]
    REBUILT_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    pool_code: str
    ceiling: int
    held_seats: int
    committed_seats: int
    assigned_seats: int
    frozen: bool
    frozen_reason: str
    rebuilt_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., pool_code: _Optional[str] = ..., ceiling: _Optional[int] = ..., held_seats: _Optional[int] = ..., committed_seats: _Optional[int] = ..., assigned_seats: _Optional[int] = ..., frozen: _Optional[bool] = ..., frozen_reason: _Optional[str] = ..., rebuilt_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SeatAssignment(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "user_id", "pool_code", "assigned_at", "assigned_by", "last_active_at", "revoked_at", "revoke_reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_AT_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_BY_FIELD_NUMBER: _ClassVar[int]
    LAST_ACTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    REVOKED_AT_FIELD_NUMBER: _ClassVar[int]
    REVOKE_REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    user_id: str
    pool_code: str
    assigned_at: _timestamp_pb2.Timestamp
    assigned_by: str
    last_active_at: _timestamp_pb2.Timestamp
    revoked_at: _timestamp_pb2.Timestamp
    revoke_reason: RevokeReason
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., user_id: _Optional[str] = ..., pool_code: _Optional[str] = ..., assigned_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., assigned_by: _Optional[str] = ..., last_active_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoke_reason: _Optional[_Union[RevokeReason, str]] = ...) -> None: ...

class Meter(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "code", "title", "unit", "aggregation", "entitlement_key", "soft_limit_percent", "allowed_sources", "allowed_dimensions", "retired_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    AGGREGATION_FIELD_NUMBER: _ClassVar[int]
    ENTITLEMENT_KEY_FIELD_NUMBER: _ClassVar[int]
    SOFT_LIMIT_PERCENT_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_SOURCES_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    RETIRED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    code: str
    title: str
    unit: MeterUnit
    aggregation: MeterAggregation
    entitlement_key: str
    soft_limit_percent: int
    allowed_sources: _containers.RepeatedScalarFieldContainer[str]
    allowed_dimensions: _containers.RepeatedScalarFieldContainer[str]
    retired_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., code: _Optional[str] = ..., title: _Optional[str] = ..., unit: _Optional[_Union[MeterUnit, str]] = ..., aggregation: _Optional[_Union[MeterAggregation, str]] = ..., entitlement_key: _Optional[str] = ..., soft_limit_percent: _Optional[int] = ..., allowed_sources: _Optional[_Iterable[str]] = ..., allowed_dimensions: _Optional[_Iterable[str]] = ..., retired_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UsageRecord(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "subscription_id", "meter_code", "quantity_micros", "occurred_at", "source_service", "source_event_id", "dimensions", "adjusts", "adjust_reason")
    class DimensionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    METER_CODE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MICROS_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SERVICE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    ADJUSTS_FIELD_NUMBER: _ClassVar[int]
    ADJUST_REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    subscription_id: str
    meter_code: str
    quantity_micros: int
    occurred_at: _timestamp_pb2.Timestamp
    source_service: str
    source_event_id: str
    dimensions: _containers.ScalarMap[str, str]
    adjusts: str
    adjust_reason: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., subscription_id: _Optional[str] = ..., meter_code: _Optional[str] = ..., quantity_micros: _Optional[int] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source_service: _Optional[str] = ..., source_event_id: _Optional[str] = ..., dimensions: _Optional[_Mapping[str, str]] = ..., adjusts: _Optional[str] = ..., adjust_reason: _Optional[str] = ...) -> None: ...

class UsagePeriod(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "subscription_id", "period_start", "period_end", "period_status", "totals_micros", "closing_since", "closed_at", "billed_invoice_id", "reopened_by", "reopen_reason", "rolled_up_until")
    class TotalsMicrosEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    PERIOD_START_FIELD_NUMBER: _ClassVar[int]
    PERIOD_END_FIELD_NUMBER: _ClassVar[int]
    PERIOD_STATUS_FIELD_NUMBER: _ClassVar[int]
    TOTALS_MICROS_FIELD_NUMBER: _ClassVar[int]
    CLOSING_SINCE_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    BILLED_INVOICE_ID_FIELD_NUMBER: _ClassVar[int]
    REOPENED_BY_FIELD_NUMBER: _ClassVar[int]
    REOPEN_REASON_FIELD_NUMBER: _ClassVar[int]
    ROLLED_UP_UNTIL_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    subscription_id: str
    period_start: _timestamp_pb2.Timestamp
    period_end: _timestamp_pb2.Timestamp
    period_status: UsagePeriodStatus
    totals_micros: _containers.ScalarMap[str, int]
    closing_since: _timestamp_pb2.Timestamp
    closed_at: _timestamp_pb2.Timestamp
    billed_invoice_id: str
    reopened_by: str
    reopen_reason: str
    rolled_up_until: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., subscription_id: _Optional[str] = ..., period_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., period_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., period_status: _Optional[_Union[UsagePeriodStatus, str]] = ..., totals_micros: _Optional[_Mapping[str, int]] = ..., closing_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., billed_invoice_id: _Optional[str] = ..., reopened_by: _Optional[str] = ..., reopen_reason: _Optional[str] = ..., rolled_up_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UsageMeasurement(_message.Message):
    __slots__ = ("record_id", "organization_id", "meter_code", "quantity_micros", "occurred_at", "source_event_id", "dimensions")
    class DimensionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    METER_CODE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MICROS_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    record_id: str
    organization_id: str
    meter_code: str
    quantity_micros: int
    occurred_at: _timestamp_pb2.Timestamp
    source_event_id: str
    dimensions: _containers.ScalarMap[str, str]
    def __init__(self, record_id: _Optional[str] = ..., organization_id: _Optional[str] = ..., meter_code: _Optional[str] = ..., quantity_micros: _Optional[int] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source_event_id: _Optional[str] = ..., dimensions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class UsageRejection(_message.Message):
    __slots__ = ("record_id", "cause")
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    record_id: str
    cause: RejectionCause
    def __init__(self, record_id: _Optional[str] = ..., cause: _Optional[_Union[RejectionCause, str]] = ...) -> None: ...

class UsagePoint(_message.Message):
    __slots__ = ("starts_at", "quantity_micros")
    STARTS_AT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MICROS_FIELD_NUMBER: _ClassVar[int]
    starts_at: _timestamp_pb2.Timestamp
    quantity_micros: int
    def __init__(self, starts_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., quantity_micros: _Optional[int] = ...) -> None: ...

class ReserveSeatsRequest(_message.Message):
    __slots__ = ("reservation_id", "subscription_id", "pool_code", "seats", "kind", "dry_run")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    SEATS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    subscription_id: str
    pool_code: str
    seats: int
    kind: ReservationKind
    dry_run: bool
    def __init__(self, reservation_id: _Optional[str] = ..., subscription_id: _Optional[str] = ..., pool_code: _Optional[str] = ..., seats: _Optional[int] = ..., kind: _Optional[_Union[ReservationKind, str]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ReserveSeatsResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class CommitSeatsRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class CommitSeatsResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class ReleaseSeatsRequest(_message.Message):
    __slots__ = ("reservation_id", "release_reason")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    RELEASE_REASON_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    release_reason: ReleaseReason
    def __init__(self, reservation_id: _Optional[str] = ..., release_reason: _Optional[_Union[ReleaseReason, str]] = ...) -> None: ...

class ReleaseSeatsResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class FreezePoolRequest(_message.Message):
    __slots__ = ("pool_code", "frozen_reason")
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    FROZEN_REASON_FIELD_NUMBER: _ClassVar[int]
    pool_code: str
    frozen_reason: str
    def __init__(self, pool_code: _Optional[str] = ..., frozen_reason: _Optional[str] = ...) -> None: ...

class FreezePoolResponse(_message.Message):
    __slots__ = ("seat_pool",)
    SEAT_POOL_FIELD_NUMBER: _ClassVar[int]
    seat_pool: SeatPool
    def __init__(self, seat_pool: _Optional[_Union[SeatPool, _Mapping]] = ...) -> None: ...

class ThawPoolRequest(_message.Message):
    __slots__ = ("pool_code",)
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    pool_code: str
    def __init__(self, pool_code: _Optional[str] = ...) -> None: ...

class ThawPoolResponse(_message.Message):
    __slots__ = ("seat_pool",)
    SEAT_POOL_FIELD_NUMBER: _ClassVar[int]
    seat_pool: SeatPool
    def __init__(self, seat_pool: _Optional[_Union[SeatPool, _Mapping]] = ...) -> None: ...

class GetSeatPoolRequest(_message.Message):
    __slots__ = ("pool_code",)
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    pool_code: str
    def __init__(self, pool_code: _Optional[str] = ...) -> None: ...

class GetSeatPoolResponse(_message.Message):
    __slots__ = ("seat_pool",)
    SEAT_POOL_FIELD_NUMBER: _ClassVar[int]
    seat_pool: SeatPool
    def __init__(self, seat_pool: _Optional[_Union[SeatPool, _Mapping]] = ...) -> None: ...

class AssignSeatRequest(_message.Message):
    __slots__ = ("user_id", "pool_code")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    pool_code: str
    def __init__(self, user_id: _Optional[str] = ..., pool_code: _Optional[str] = ...) -> None: ...

class AssignSeatResponse(_message.Message):
    __slots__ = ("seat_assignment",)
    SEAT_ASSIGNMENT_FIELD_NUMBER: _ClassVar[int]
    seat_assignment: SeatAssignment
    def __init__(self, seat_assignment: _Optional[_Union[SeatAssignment, _Mapping]] = ...) -> None: ...

class RevokeSeatRequest(_message.Message):
    __slots__ = ("seat_assignment_id",)
    SEAT_ASSIGNMENT_ID_FIELD_NUMBER: _ClassVar[int]
    seat_assignment_id: str
    def __init__(self, seat_assignment_id: _Optional[str] = ...) -> None: ...

class RevokeSeatResponse(_message.Message):
    __slots__ = ("seat_assignment",)
    SEAT_ASSIGNMENT_FIELD_NUMBER: _ClassVar[int]
    seat_assignment: SeatAssignment
    def __init__(self, seat_assignment: _Optional[_Union[SeatAssignment, _Mapping]] = ...) -> None: ...

class ReclaimIdleSeatsRequest(_message.Message):
    __slots__ = ("pool_code", "idle_days", "dry_run")
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    IDLE_DAYS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    pool_code: str
    idle_days: int
    dry_run: bool
    def __init__(self, pool_code: _Optional[str] = ..., idle_days: _Optional[int] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ReclaimIdleSeatsResponse(_message.Message):
    __slots__ = ("reclaimed_seats", "user_ids", "dry_run")
    RECLAIMED_SEATS_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    reclaimed_seats: int
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    dry_run: bool
    def __init__(self, reclaimed_seats: _Optional[int] = ..., user_ids: _Optional[_Iterable[str]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ListSeatAssignmentsRequest(_message.Message):
    __slots__ = ("pool_code", "user_id", "sort", "limit", "cursor")
    POOL_CODE_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    pool_code: str
    user_id: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, pool_code: _Optional[str] = ..., user_id: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListSeatAssignmentsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[SeatAssignment]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[SeatAssignment, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class RecordUsageRequest(_message.Message):
    __slots__ = ("records",)
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[UsageMeasurement]
    def __init__(self, records: _Optional[_Iterable[_Union[UsageMeasurement, _Mapping]]] = ...) -> None: ...

class RecordUsageResponse(_message.Message):
    __slots__ = ("accepted", "duplicate", "rejected")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    accepted: int
    duplicate: int
    rejected: _containers.RepeatedCompositeFieldContainer[UsageRejection]
    def __init__(self, accepted: _Optional[int] = ..., duplicate: _Optional[int] = ..., rejected: _Optional[_Iterable[_Union[UsageRejection, _Mapping]]] = ...) -> None: ...

class CheckQuotaRequest(_message.Message):
    __slots__ = ("meter_code", "quantity_micros")
    METER_CODE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MICROS_FIELD_NUMBER: _ClassVar[int]
    meter_code: str
    quantity_micros: int
    def __init__(self, meter_code: _Optional[str] = ..., quantity_micros: _Optional[int] = ...) -> None: ...

class CheckQuotaResponse(_message.Message):
    __slots__ = ("verdict", "level", "degraded", "limit_micros", "remaining_micros", "resets_at")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    LIMIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    REMAINING_MICROS_FIELD_NUMBER: _ClassVar[int]
    RESETS_AT_FIELD_NUMBER: _ClassVar[int]
    verdict: QuotaVerdict
    level: QuotaLevel
    degraded: bool
    limit_micros: int
    remaining_micros: int
    resets_at: _timestamp_pb2.Timestamp
    def __init__(self, verdict: _Optional[_Union[QuotaVerdict, str]] = ..., level: _Optional[_Union[QuotaLevel, str]] = ..., degraded: _Optional[bool] = ..., limit_micros: _Optional[int] = ..., remaining_micros: _Optional[int] = ..., resets_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetUsageRequest(_message.Message):
    __slots__ = ("subscription_id", "usage_period_id", "meter_codes")
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    USAGE_PERIOD_ID_FIELD_NUMBER: _ClassVar[int]
    METER_CODES_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    usage_period_id: str
    meter_codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subscription_id: _Optional[str] = ..., usage_period_id: _Optional[str] = ..., meter_codes: _Optional[_Iterable[str]] = ...) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("subscription_id", "usage_period_id", "period_start", "period_end", "period_status", "totals_micros", "as_of")
    class TotalsMicrosEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    USAGE_PERIOD_ID_FIELD_NUMBER: _ClassVar[int]
    PERIOD_START_FIELD_NUMBER: _ClassVar[int]
    PERIOD_END_FIELD_NUMBER: _ClassVar[int]
    PERIOD_STATUS_FIELD_NUMBER: _ClassVar[int]
    TOTALS_MICROS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    usage_period_id: str
    period_start: _timestamp_pb2.Timestamp
    period_end: _timestamp_pb2.Timestamp
    period_status: UsagePeriodStatus
    totals_micros: _containers.ScalarMap[str, int]
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, subscription_id: _Optional[str] = ..., usage_period_id: _Optional[str] = ..., period_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., period_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., period_status: _Optional[_Union[UsagePeriodStatus, str]] = ..., totals_micros: _Optional[_Mapping[str, int]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetUsageSeriesRequest(_message.Message):
    __slots__ = ("subscription_id", "meter_code", "since", "until", "granularity")
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    METER_CODE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    meter_code: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    granularity: UsageGranularity
    def __init__(self, subscription_id: _Optional[str] = ..., meter_code: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., granularity: _Optional[_Union[UsageGranularity, str]] = ...) -> None: ...

class GetUsageSeriesResponse(_message.Message):
    __slots__ = ("meter_code", "granularity", "points")
    METER_CODE_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    meter_code: str
    granularity: UsageGranularity
    points: _containers.RepeatedCompositeFieldContainer[UsagePoint]
    def __init__(self, meter_code: _Optional[str] = ..., granularity: _Optional[_Union[UsageGranularity, str]] = ..., points: _Optional[_Iterable[_Union[UsagePoint, _Mapping]]] = ...) -> None: ...

class ListMetersRequest(_message.Message):
    __slots__ = ("code", "aggregation", "sort", "limit", "cursor")
    CODE_FIELD_NUMBER: _ClassVar[int]
    AGGREGATION_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    code: str
    aggregation: MeterAggregation
    sort: str
    limit: int
    cursor: str
    def __init__(self, code: _Optional[str] = ..., aggregation: _Optional[_Union[MeterAggregation, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListMetersResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Meter]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[Meter, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class AdjustUsageRequest(_message.Message):
    __slots__ = ("subscription_id", "meter_code", "quantity_micros", "occurred_at", "adjusts", "adjust_reason")
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    METER_CODE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MICROS_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    ADJUSTS_FIELD_NUMBER: _ClassVar[int]
    ADJUST_REASON_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    meter_code: str
    quantity_micros: int
    occurred_at: _timestamp_pb2.Timestamp
    adjusts: str
    adjust_reason: str
    def __init__(self, subscription_id: _Optional[str] = ..., meter_code: _Optional[str] = ..., quantity_micros: _Optional[int] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., adjusts: _Optional[str] = ..., adjust_reason: _Optional[str] = ...) -> None: ...

class AdjustUsageResponse(_message.Message):
    __slots__ = ("usage_record",)
    USAGE_RECORD_FIELD_NUMBER: _ClassVar[int]
    usage_record: UsageRecord
    def __init__(self, usage_record: _Optional[_Union[UsageRecord, _Mapping]] = ...) -> None: ...

class ClosePeriodRequest(_message.Message):
    __slots__ = ("usage_period_id",)
    USAGE_PERIOD_ID_FIELD_NUMBER: _ClassVar[int]
    usage_period_id: str
    def __init__(self, usage_period_id: _Optional[str] = ...) -> None: ...

class ClosePeriodResponse(_message.Message):
    __slots__ = ("usage_period",)
    USAGE_PERIOD_FIELD_NUMBER: _ClassVar[int]
    usage_period: UsagePeriod
    def __init__(self, usage_period: _Optional[_Union[UsagePeriod, _Mapping]] = ...) -> None: ...

class ReopenPeriodRequest(_message.Message):
    __slots__ = ("usage_period_id", "reopen_reason")
    USAGE_PERIOD_ID_FIELD_NUMBER: _ClassVar[int]
    REOPEN_REASON_FIELD_NUMBER: _ClassVar[int]
    usage_period_id: str
    reopen_reason: str
    def __init__(self, usage_period_id: _Optional[str] = ..., reopen_reason: _Optional[str] = ...) -> None: ...

class ReopenPeriodResponse(_message.Message):
    __slots__ = ("usage_period",)
    USAGE_PERIOD_FIELD_NUMBER: _ClassVar[int]
    usage_period: UsagePeriod
    def __init__(self, usage_period: _Optional[_Union[UsagePeriod, _Mapping]] = ...) -> None: ...
