import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Granularity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GRANULARITY_UNSPECIFIED: _ClassVar[Granularity]
    GRANULARITY_MINUTE: _ClassVar[Granularity]
    GRANULARITY_HOUR: _ClassVar[Granularity]
    GRANULARITY_DAY: _ClassVar[Granularity]
    GRANULARITY_MONTH: _ClassVar[Granularity]

class MetricInstrument(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METRIC_INSTRUMENT_UNSPECIFIED: _ClassVar[MetricInstrument]
    METRIC_INSTRUMENT_COUNTER: _ClassVar[MetricInstrument]
    METRIC_INSTRUMENT_GAUGE: _ClassVar[MetricInstrument]
    METRIC_INSTRUMENT_RATIO: _ClassVar[MetricInstrument]
    METRIC_INSTRUMENT_DISTRIBUTION: _ClassVar[MetricInstrument]
    METRIC_INSTRUMENT_UNIQUE_COUNT: _ClassVar[MetricInstrument]

class MetricSensitivity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METRIC_SENSITIVITY_UNSPECIFIED: _ClassVar[MetricSensitivity]
    METRIC_SENSITIVITY_TENANT_VISIBLE: _ClassVar[MetricSensitivity]
    METRIC_SENSITIVITY_STAFF_ONLY: _ClassVar[MetricSensitivity]
    METRIC_SENSITIVITY_FINANCE: _ClassVar[MetricSensitivity]

class AnomalyState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANOMALY_STATE_UNSPECIFIED: _ClassVar[AnomalyState]
    ANOMALY_STATE_OPEN: _ClassVar[AnomalyState]
    ANOMALY_STATE_ACKNOWLEDGED: _ClassVar[AnomalyState]
    ANOMALY_STATE_EXPLAINED: _ClassVar[AnomalyState]
    ANOMALY_STATE_FALSE_POSITIVE: _ClassVar[AnomalyState]

class MetricStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METRIC_STATUS_UNSPECIFIED: _ClassVar[MetricStatus]
    METRIC_STATUS_DRAFT: _ClassVar[MetricStatus]
    METRIC_STATUS_VALIDATED: _ClassVar[MetricStatus]
    METRIC_STATUS_ACTIVE: _ClassVar[MetricStatus]
    METRIC_STATUS_DEPRECATED: _ClassVar[MetricStatus]
    METRIC_STATUS_RETIRED: _ClassVar[MetricStatus]

class DetectionMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DETECTION_METHOD_UNSPECIFIED: _ClassVar[DetectionMethod]
    DETECTION_METHOD_STL: _ClassVar[DetectionMethod]
    DETECTION_METHOD_EWMA: _ClassVar[DetectionMethod]
    DETECTION_METHOD_STATIC_BAND: _ClassVar[DetectionMethod]
    DETECTION_METHOD_FORECAST: _ClassVar[DetectionMethod]

class Seasonality(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEASONALITY_UNSPECIFIED: _ClassVar[Seasonality]
    SEASONALITY_NONE: _ClassVar[Seasonality]
    SEASONALITY_DAY: _ClassVar[Seasonality]
    SEASONALITY_WEEK: _ClassVar[Seasonality]

class BackfillStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BACKFILL_STATUS_UNSPECIFIED: _ClassVar[BackfillStatus]
    BACKFILL_STATUS_QUEUED: _ClassVar[BackfillStatus]
    BACKFILL_STATUS_RUNNING: _ClassVar[BackfillStatus]
    BACKFILL_STATUS_DONE: _ClassVar[BackfillStatus]
    BACKFILL_STATUS_FAILED: _ClassVar[BackfillStatus]

class ComparisonBasis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMPARISON_BASIS_UNSPECIFIED: _ClassVar[ComparisonBasis]
    COMPARISON_BASIS_PREVIOUS: _ClassVar[ComparisonBasis]
    COMPARISON_BASIS_YEAR_AGO: _ClassVar[ComparisonBasis]
GRANULARITY_UNSPECIFIED: Granularity
GRANULARITY_MINUTE: Granularity
GRANULARITY_HOUR: Granularity
GRANULARITY_DAY: Granularity
GRANULARITY_MONTH: Granularity
METRIC_INSTRUMENT_UNSPECIFIED: MetricInstrument
METRIC_INSTRUMENT_COUNTER: MetricInstrument
METRIC_INSTRUMENT_GAUGE: MetricInstrument
METRIC_INSTRUMENT_RATIO: MetricInstrument
METRIC_INSTRUMENT_DISTRIBUTION: MetricInstrument
METRIC_INSTRUMENT_UNIQUE_COUNT: MetricInstrument
METRIC_SENSITIVITY_UNSPECIFIED: MetricSensitivity
METRIC_SENSITIVITY_TENANT_VISIBLE: MetricSensitivity
METRIC_SENSITIVITY_STAFF_ONLY: MetricSensitivity
METRIC_SENSITIVITY_FINANCE: MetricSensitivity
ANOMALY_STATE_UNSPECIFIED: AnomalyState
ANOMALY_STATE_OPEN: AnomalyState
ANOMALY_STATE_ACKNOWLEDGED: AnomalyState
ANOMALY_STATE_EXPLAINED: AnomalyState
ANOMALY_STATE_FALSE_POSITIVE: AnomalyState
METRIC_STATUS_UNSPECIFIED: MetricStatus
METRIC_STATUS_DRAFT: MetricStatus
METRIC_STATUS_VALIDATED: MetricStatus
METRIC_STATUS_ACTIVE: MetricStatus
METRIC_STATUS_DEPRECATED: MetricStatus
METRIC_STATUS_RETIRED: MetricStatus
DETECTION_METHOD_UNSPECIFIED: DetectionMethod
DETECTION_METHOD_STL: DetectionMethod
DETECTION_METHOD_EWMA: DetectionMethod
DETECTION_METHOD_STATIC_BAND: DetectionMethod
DETECTION_METHOD_FORECAST: DetectionMethod
SEASONALITY_UNSPECIFIED: Seasonality
SEASONALITY_NONE: Seasonality
SEASONALITY_DAY: Seasonality
SEASONALITY_WEEK: Seasonality
BACKFILL_STATUS_UNSPECIFIED: BackfillStatus
BACKFILL_STATUS_QUEUED: BackfillStatus
BACKFILL_STATUS_RUNNING: BackfillStatus
BACKFILL_STATUS_DONE: BackfillStatus
BACKFILL_STATUS_FAILED: BackfillStatus
COMPARISON_BASIS_UNSPECIFIED: ComparisonBasis
COMPARISON_BASIS_PREVIOUS: ComparisonBasis
COMPARISON_BASIS_YEAR_AGO: ComparisonBasis

class RecordedFact(_message.Message):
    __slots__ = ("fact_id", "metric_key", "value", "at", "dimensions")
    class DimensionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FACT_ID_FIELD_NUMBER: _ClassVar[int]
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    fact_id: str
    metric_key: str
    value: float
    at: _timestamp_pb2.Timestamp
    dimensions: _containers.ScalarMap[str, str]
    def __init__(self, fact_id: _Optional[str] = ..., metric_key: _Optional[str] = ..., value: _Optional[float] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dimensions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class SeriesPoint(_message.Message):
    __slots__ = ("bucket_start", "value", "sample_count")
    BUCKET_START_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    bucket_start: _timestamp_pb2.Timestamp
    value: float
    sample_count: int
    def __init__(self, bucket_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., value: _Optional[float] = ..., sample_count: _Optional[int] = ...) -> None: ...

class MetricSeries(_message.Message):
    __slots__ = ("metric_key", "dimension_values", "points", "suppressed_groups")
    class DimensionValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_VALUES_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSED_GROUPS_FIELD_NUMBER: _ClassVar[int]
    metric_key: str
    dimension_values: _containers.ScalarMap[str, str]
    points: _containers.RepeatedCompositeFieldContainer[SeriesPoint]
    suppressed_groups: int
    def __init__(self, metric_key: _Optional[str] = ..., dimension_values: _Optional[_Mapping[str, str]] = ..., points: _Optional[_Iterable[_Union[SeriesPoint, _Mapping]]] = ..., suppressed_groups: _Optional[int] = ...) -> None: ...

class DimensionFilter(_message.Message):
    __slots__ = ("dimension", "any_of")
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    ANY_OF_FIELD_NUMBER: _ClassVar[int]
    dimension: str
    any_of: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dimension: _Optional[str] = ..., any_of: _Optional[_Iterable[str]] = ...) -> None: ...

class MetricDefinition(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "metric_key", "revision", "display_name", "explanation", "status", "instrument", "unit", "expression", "source_event_types", "dimensions", "granularities", "rollup_delay_seconds", "additive", "owner_team", "author_id", "steward_id", "estimated_series", "sample_cost_ms", "activated_at", "replaced_by", "deprecation_reason", "sensitivity", "last_queried_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    GRANULARITIES_FIELD_NUMBER: _ClassVar[int]
    ROLLUP_DELAY_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ADDITIVE_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    STEWARD_ID_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_SERIES_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_COST_MS_FIELD_NUMBER: _ClassVar[int]
    ACTIVATED_AT_FIELD_NUMBER: _ClassVar[int]
    REPLACED_BY_FIELD_NUMBER: _ClassVar[int]
    DEPRECATION_REASON_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_FIELD_NUMBER: _ClassVar[int]
    LAST_QUERIED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    metric_key: str
    revision: int
    display_name: str
    explanation: str
    status: MetricStatus
    instrument: MetricInstrument
    unit: str
    expression: str
    source_event_types: _containers.RepeatedScalarFieldContainer[str]
    dimensions: _containers.RepeatedScalarFieldContainer[str]
    granularities: _containers.RepeatedScalarFieldContainer[Granularity]
    rollup_delay_seconds: int
    additive: bool
    owner_team: str
    author_id: str
    steward_id: str
    estimated_series: int
    sample_cost_ms: int
    activated_at: _timestamp_pb2.Timestamp
    replaced_by: str
    deprecation_reason: str
    sensitivity: MetricSensitivity
    last_queried_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., metric_key: _Optional[str] = ..., revision: _Optional[int] = ..., display_name: _Optional[str] = ..., explanation: _Optional[str] = ..., status: _Optional[_Union[MetricStatus, str]] = ..., instrument: _Optional[_Union[MetricInstrument, str]] = ..., unit: _Optional[str] = ..., expression: _Optional[str] = ..., source_event_types: _Optional[_Iterable[str]] = ..., dimensions: _Optional[_Iterable[str]] = ..., granularities: _Optional[_Iterable[_Union[Granularity, str]]] = ..., rollup_delay_seconds: _Optional[int] = ..., additive: _Optional[bool] = ..., owner_team: _Optional[str] = ..., author_id: _Optional[str] = ..., steward_id: _Optional[str] = ..., estimated_series: _Optional[int] = ..., sample_cost_ms: _Optional[int] = ..., activated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., replaced_by: _Optional[str] = ..., deprecation_reason: _Optional[str] = ..., sensitivity: _Optional[_Union[MetricSensitivity, str]] = ..., last_queried_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AnomalyRule(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "metric_key", "method", "sensitivity_percent", "min_samples", "seasonality", "band_floor", "band_ceiling", "muted_until", "mute_reason", "forecast_model")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    MIN_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SEASONALITY_FIELD_NUMBER: _ClassVar[int]
    BAND_FLOOR_FIELD_NUMBER: _ClassVar[int]
    BAND_CEILING_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    MUTE_REASON_FIELD_NUMBER: _ClassVar[int]
    FORECAST_MODEL_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    metric_key: str
    method: DetectionMethod
    sensitivity_percent: int
    min_samples: int
    seasonality: Seasonality
    band_floor: float
    band_ceiling: float
    muted_until: _timestamp_pb2.Timestamp
    mute_reason: str
    forecast_model: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., metric_key: _Optional[str] = ..., method: _Optional[_Union[DetectionMethod, str]] = ..., sensitivity_percent: _Optional[int] = ..., min_samples: _Optional[int] = ..., seasonality: _Optional[_Union[Seasonality, str]] = ..., band_floor: _Optional[float] = ..., band_ceiling: _Optional[float] = ..., muted_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., mute_reason: _Optional[str] = ..., forecast_model: _Optional[str] = ...) -> None: ...

class Anomaly(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "anomaly_rule_id", "metric_key", "bucket_start", "dimension_values", "expected_low", "expected_high", "observed", "score", "state", "assignee_id", "note", "closed_at")
    class DimensionValuesEntry(_message.Message):
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
    ANOMALY_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    BUCKET_START_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_VALUES_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_LOW_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_HIGH_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ASSIGNEE_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    anomaly_rule_id: str
    metric_key: str
    bucket_start: _timestamp_pb2.Timestamp
    dimension_values: _containers.ScalarMap[str, str]
    expected_low: float
    expected_high: float
    observed: float
    score: float
    state: AnomalyState
    assignee_id: str
    note: str
    closed_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., anomaly_rule_id: _Optional[str] = ..., metric_key: _Optional[str] = ..., bucket_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dimension_values: _Optional[_Mapping[str, str]] = ..., expected_low: _Optional[float] = ..., expected_high: _Optional[float] = ..., observed: _Optional[float] = ..., score: _Optional[float] = ..., state: _Optional[_Union[AnomalyState, str]] = ..., assignee_id: _Optional[str] = ..., note: _Optional[str] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BackfillRun(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "metric_key", "revision", "from_day", "to_day", "total_days", "processed_days", "status", "requested_by", "failure", "finished_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    FROM_DAY_FIELD_NUMBER: _ClassVar[int]
    TO_DAY_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DAYS_FIELD_NUMBER: _ClassVar[int]
    PROCESSED_DAYS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    metric_key: str
    revision: int
    from_day: str
    to_day: str
    total_days: int
    processed_days: int
    status: BackfillStatus
    requested_by: str
    failure: str
    finished_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., metric_key: _Optional[str] = ..., revision: _Optional[int] = ..., from_day: _Optional[str] = ..., to_day: _Optional[str] = ..., total_days: _Optional[int] = ..., processed_days: _Optional[int] = ..., status: _Optional[_Union[BackfillStatus, str]] = ..., requested_by: _Optional[str] = ..., failure: _Optional[str] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class QueryRequest(_message.Message):
    __slots__ = ("metric_keys", "since", "until", "granularity", "group_by", "filters", "compare_to")
    METRIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    COMPARE_TO_FIELD_NUMBER: _ClassVar[int]
    metric_keys: _containers.RepeatedScalarFieldContainer[str]
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    granularity: Granularity
    group_by: _containers.RepeatedScalarFieldContainer[str]
    filters: _containers.RepeatedCompositeFieldContainer[DimensionFilter]
    compare_to: ComparisonBasis
    def __init__(self, metric_keys: _Optional[_Iterable[str]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., granularity: _Optional[_Union[Granularity, str]] = ..., group_by: _Optional[_Iterable[str]] = ..., filters: _Optional[_Iterable[_Union[DimensionFilter, _Mapping]]] = ..., compare_to: _Optional[_Union[ComparisonBasis, str]] = ...) -> None: ...

class QueryResponse(_message.Message):
    __slots__ = ("series", "comparison", "computed_through")
    SERIES_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_THROUGH_FIELD_NUMBER: _ClassVar[int]
    series: _containers.RepeatedCompositeFieldContainer[MetricSeries]
    comparison: _containers.RepeatedCompositeFieldContainer[MetricSeries]
    computed_through: _timestamp_pb2.Timestamp
    def __init__(self, series: _Optional[_Iterable[_Union[MetricSeries, _Mapping]]] = ..., comparison: _Optional[_Iterable[_Union[MetricSeries, _Mapping]]] = ..., computed_through: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class StreamLatestRequest(_message.Message):
    __slots__ = ("metric_keys",)
    METRIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    metric_keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, metric_keys: _Optional[_Iterable[str]] = ...) -> None: ...

class StreamLatestResponse(_message.Message):
    __slots__ = ("metric_key", "bucket_start", "value", "computed_through")
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    BUCKET_START_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_THROUGH_FIELD_NUMBER: _ClassVar[int]
    metric_key: str
    bucket_start: _timestamp_pb2.Timestamp
    value: float
    computed_through: _timestamp_pb2.Timestamp
    def __init__(self, metric_key: _Optional[str] = ..., bucket_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., value: _Optional[float] = ..., computed_through: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RecordFactsRequest(_message.Message):
    __slots__ = ("facts",)
    FACTS_FIELD_NUMBER: _ClassVar[int]
    facts: _containers.RepeatedCompositeFieldContainer[RecordedFact]
    def __init__(self, facts: _Optional[_Iterable[_Union[RecordedFact, _Mapping]]] = ...) -> None: ...

class RecordFactsResponse(_message.Message):
    __slots__ = ("accepted", "duplicate")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    accepted: int
    duplicate: int
    def __init__(self, accepted: _Optional[int] = ..., duplicate: _Optional[int] = ...) -> None: ...

class DefineMetricRequest(_message.Message):
    __slots__ = ("metric_key", "display_name", "explanation", "instrument", "unit", "expression", "source_event_types", "dimensions", "granularities", "rollup_delay_seconds", "additive", "owner_team", "steward_id", "sensitivity")
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    GRANULARITIES_FIELD_NUMBER: _ClassVar[int]
    ROLLUP_DELAY_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ADDITIVE_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    STEWARD_ID_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_FIELD_NUMBER: _ClassVar[int]
    metric_key: str
    display_name: str
    explanation: str
    instrument: MetricInstrument
    unit: str
    expression: str
    source_event_types: _containers.RepeatedScalarFieldContainer[str]
    dimensions: _containers.RepeatedScalarFieldContainer[str]
    granularities: _containers.RepeatedScalarFieldContainer[Granularity]
    rollup_delay_seconds: int
    additive: bool
    owner_team: str
    steward_id: str
    sensitivity: MetricSensitivity
    def __init__(self, metric_key: _Optional[str] = ..., display_name: _Optional[str] = ..., explanation: _Optional[str] = ..., instrument: _Optional[_Union[MetricInstrument, str]] = ..., unit: _Optional[str] = ..., expression: _Optional[str] = ..., source_event_types: _Optional[_Iterable[str]] = ..., dimensions: _Optional[_Iterable[str]] = ..., granularities: _Optional[_Iterable[_Union[Granularity, str]]] = ..., rollup_delay_seconds: _Optional[int] = ..., additive: _Optional[bool] = ..., owner_team: _Optional[str] = ..., steward_id: _Optional[str] = ..., sensitivity: _Optional[_Union[MetricSensitivity, str]] = ...) -> None: ...

class DefineMetricResponse(_message.Message):
    __slots__ = ("metric_definition",)
    METRIC_DEFINITION_FIELD_NUMBER: _ClassVar[int]
    metric_definition: MetricDefinition
    def __init__(self, metric_definition: _Optional[_Union[MetricDefinition, _Mapping]] = ...) -> None: ...

class ReviseMetricRequest(_message.Message):
    __slots__ = ("metric_definition_id", "display_name", "explanation", "instrument", "unit", "expression", "source_event_types", "dimensions", "granularities", "rollup_delay_seconds", "additive", "owner_team", "steward_id", "sensitivity")
    METRIC_DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    GRANULARITIES_FIELD_NUMBER: _ClassVar[int]
    ROLLUP_DELAY_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ADDITIVE_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    STEWARD_ID_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_FIELD_NUMBER: _ClassVar[int]
    metric_definition_id: str
    display_name: str
    explanation: str
    instrument: MetricInstrument
    unit: str
    expression: str
    source_event_types: _containers.RepeatedScalarFieldContainer[str]
    dimensions: _containers.RepeatedScalarFieldContainer[str]
    granularities: _containers.RepeatedScalarFieldContainer[Granularity]
    rollup_delay_seconds: int
    additive: bool
    owner_team: str
    steward_id: str
    sensitivity: MetricSensitivity
    def __init__(self, metric_definition_id: _Optional[str] = ..., display_name: _Optional[str] = ..., explanation: _Optional[str] = ..., instrument: _Optional[_Union[MetricInstrument, str]] = ..., unit: _Optional[str] = ..., expression: _Optional[str] = ..., source_event_types: _Optional[_Iterable[str]] = ..., dimensions: _Optional[_Iterable[str]] = ..., granularities: _Optional[_Iterable[_Union[Granularity, str]]] = ..., rollup_delay_seconds: _Optional[int] = ..., additive: _Optional[bool] = ..., owner_team: _Optional[str] = ..., steward_id: _Optional[str] = ..., sensitivity: _Optional[_Union[MetricSensitivity, str]] = ...) -> None: ...

class ReviseMetricResponse(_message.Message):
    __slots__ = ("metric_definition",)
    METRIC_DEFINITION_FIELD_NUMBER: _ClassVar[int]
    metric_definition: MetricDefinition
    def __init__(self, metric_definition: _Optional[_Union[MetricDefinition, _Mapping]] = ...) -> None: ...

class ValidateMetricRequest(_message.Message):
    __slots__ = ("metric_definition_id",)
    METRIC_DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    metric_definition_id: str
    def __init__(self, metric_definition_id: _Optional[str] = ...) -> None: ...

class ValidateMetricResponse(_message.Message):
    __slots__ = ("compiles", "estimated_series", "series_limit", "sample_cost_ms", "problems")
    COMPILES_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_SERIES_FIELD_NUMBER: _ClassVar[int]
    SERIES_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_COST_MS_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    compiles: bool
    estimated_series: int
    series_limit: int
    sample_cost_ms: int
    problems: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, compiles: _Optional[bool] = ..., estimated_series: _Optional[int] = ..., series_limit: _Optional[int] = ..., sample_cost_ms: _Optional[int] = ..., problems: _Optional[_Iterable[str]] = ...) -> None: ...

class ActivateMetricRequest(_message.Message):
    __slots__ = ("metric_definition_id",)
    METRIC_DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    metric_definition_id: str
    def __init__(self, metric_definition_id: _Optional[str] = ...) -> None: ...

class ActivateMetricResponse(_message.Message):
    __slots__ = ("metric_definition",)
    METRIC_DEFINITION_FIELD_NUMBER: _ClassVar[int]
    metric_definition: MetricDefinition
    def __init__(self, metric_definition: _Optional[_Union[MetricDefinition, _Mapping]] = ...) -> None: ...

class DeprecateMetricRequest(_message.Message):
    __slots__ = ("metric_definition_id", "replaced_by", "deprecation_reason")
    METRIC_DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    REPLACED_BY_FIELD_NUMBER: _ClassVar[int]
    DEPRECATION_REASON_FIELD_NUMBER: _ClassVar[int]
    metric_definition_id: str
    replaced_by: str
    deprecation_reason: str
    def __init__(self, metric_definition_id: _Optional[str] = ..., replaced_by: _Optional[str] = ..., deprecation_reason: _Optional[str] = ...) -> None: ...

class DeprecateMetricResponse(_message.Message):
    __slots__ = ("metric_definition",)
    METRIC_DEFINITION_FIELD_NUMBER: _ClassVar[int]
    metric_definition: MetricDefinition
    def __init__(self, metric_definition: _Optional[_Union[MetricDefinition, _Mapping]] = ...) -> None: ...

class ReinstateMetricRequest(_message.Message):
    __slots__ = ("metric_definition_id",)
    METRIC_DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    metric_definition_id: str
    def __init__(self, metric_definition_id: _Optional[str] = ...) -> None: ...

class ReinstateMetricResponse(_message.Message):
    __slots__ = ("metric_definition",)
    METRIC_DEFINITION_FIELD_NUMBER: _ClassVar[int]
    metric_definition: MetricDefinition
    def __init__(self, metric_definition: _Optional[_Union[MetricDefinition, _Mapping]] = ...) -> None: ...

class StartBackfillRequest(_message.Message):
    __slots__ = ("metric_key", "revision", "from_day", "to_day", "total_days")
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    FROM_DAY_FIELD_NUMBER: _ClassVar[int]
    TO_DAY_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DAYS_FIELD_NUMBER: _ClassVar[int]
    metric_key: str
    revision: int
    from_day: str
    to_day: str
    total_days: int
    def __init__(self, metric_key: _Optional[str] = ..., revision: _Optional[int] = ..., from_day: _Optional[str] = ..., to_day: _Optional[str] = ..., total_days: _Optional[int] = ...) -> None: ...

class StartBackfillResponse(_message.Message):
    __slots__ = ("backfill_run",)
    BACKFILL_RUN_FIELD_NUMBER: _ClassVar[int]
    backfill_run: BackfillRun
    def __init__(self, backfill_run: _Optional[_Union[BackfillRun, _Mapping]] = ...) -> None: ...

class GetBackfillRequest(_message.Message):
    __slots__ = ("backfill_run_id",)
    BACKFILL_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    backfill_run_id: str
    def __init__(self, backfill_run_id: _Optional[str] = ...) -> None: ...

class GetBackfillResponse(_message.Message):
    __slots__ = ("backfill_run",)
    BACKFILL_RUN_FIELD_NUMBER: _ClassVar[int]
    backfill_run: BackfillRun
    def __init__(self, backfill_run: _Optional[_Union[BackfillRun, _Mapping]] = ...) -> None: ...

class PutAnomalyRuleRequest(_message.Message):
    __slots__ = ("metric_key", "method", "sensitivity_percent", "min_samples", "seasonality", "band_floor", "band_ceiling")
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    MIN_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SEASONALITY_FIELD_NUMBER: _ClassVar[int]
    BAND_FLOOR_FIELD_NUMBER: _ClassVar[int]
    BAND_CEILING_FIELD_NUMBER: _ClassVar[int]
    metric_key: str
    method: DetectionMethod
    sensitivity_percent: int
    min_samples: int
    seasonality: Seasonality
    band_floor: float
    band_ceiling: float
    def __init__(self, metric_key: _Optional[str] = ..., method: _Optional[_Union[DetectionMethod, str]] = ..., sensitivity_percent: _Optional[int] = ..., min_samples: _Optional[int] = ..., seasonality: _Optional[_Union[Seasonality, str]] = ..., band_floor: _Optional[float] = ..., band_ceiling: _Optional[float] = ...) -> None: ...

class PutAnomalyRuleResponse(_message.Message):
    __slots__ = ("anomaly_rule",)
    ANOMALY_RULE_FIELD_NUMBER: _ClassVar[int]
    anomaly_rule: AnomalyRule
    def __init__(self, anomaly_rule: _Optional[_Union[AnomalyRule, _Mapping]] = ...) -> None: ...

class MuteRuleRequest(_message.Message):
    __slots__ = ("anomaly_rule_id", "muted_until", "mute_reason")
    ANOMALY_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    MUTE_REASON_FIELD_NUMBER: _ClassVar[int]
    anomaly_rule_id: str
    muted_until: _timestamp_pb2.Timestamp
    mute_reason: str
    def __init__(self, anomaly_rule_id: _Optional[str] = ..., muted_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., mute_reason: _Optional[str] = ...) -> None: ...

class MuteRuleResponse(_message.Message):
    __slots__ = ("anomaly_rule",)
    ANOMALY_RULE_FIELD_NUMBER: _ClassVar[int]
    anomaly_rule: AnomalyRule
    def __init__(self, anomaly_rule: _Optional[_Union[AnomalyRule, _Mapping]] = ...) -> None: ...

class DetectAnomaliesRequest(_message.Message):
    __slots__ = ("metric_key", "since", "until")
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    metric_key: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    def __init__(self, metric_key: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DetectAnomaliesResponse(_message.Message):
    __slots__ = ("items", "examined")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    EXAMINED_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Anomaly]
    examined: int
    def __init__(self, items: _Optional[_Iterable[_Union[Anomaly, _Mapping]]] = ..., examined: _Optional[int] = ...) -> None: ...

class AcknowledgeAnomalyRequest(_message.Message):
    __slots__ = ("anomaly_id",)
    ANOMALY_ID_FIELD_NUMBER: _ClassVar[int]
    anomaly_id: str
    def __init__(self, anomaly_id: _Optional[str] = ...) -> None: ...

class AcknowledgeAnomalyResponse(_message.Message):
    __slots__ = ("anomaly",)
    ANOMALY_FIELD_NUMBER: _ClassVar[int]
    anomaly: Anomaly
    def __init__(self, anomaly: _Optional[_Union[Anomaly, _Mapping]] = ...) -> None: ...

class ExplainAnomalyRequest(_message.Message):
    __slots__ = ("anomaly_id", "note")
    ANOMALY_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    anomaly_id: str
    note: str
    def __init__(self, anomaly_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class ExplainAnomalyResponse(_message.Message):
    __slots__ = ("anomaly",)
    ANOMALY_FIELD_NUMBER: _ClassVar[int]
    anomaly: Anomaly
    def __init__(self, anomaly: _Optional[_Union[Anomaly, _Mapping]] = ...) -> None: ...

class DismissAnomalyRequest(_message.Message):
    __slots__ = ("anomaly_id", "note")
    ANOMALY_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    anomaly_id: str
    note: str
    def __init__(self, anomaly_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class DismissAnomalyResponse(_message.Message):
    __slots__ = ("anomaly",)
    ANOMALY_FIELD_NUMBER: _ClassVar[int]
    anomaly: Anomaly
    def __init__(self, anomaly: _Optional[_Union[Anomaly, _Mapping]] = ...) -> None: ...

class GetMetricRequest(_message.Message):
    __slots__ = ("metric_definition_id",)
    METRIC_DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    metric_definition_id: str
    def __init__(self, metric_definition_id: _Optional[str] = ...) -> None: ...

class GetMetricResponse(_message.Message):
    __slots__ = ("metric_definition",)
    METRIC_DEFINITION_FIELD_NUMBER: _ClassVar[int]
    metric_definition: MetricDefinition
    def __init__(self, metric_definition: _Optional[_Union[MetricDefinition, _Mapping]] = ...) -> None: ...

class ListMetricsRequest(_message.Message):
    __slots__ = ("metric_key", "status", "owner_team", "sort", "limit", "cursor")
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    metric_key: str
    status: MetricStatus
    owner_team: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, metric_key: _Optional[str] = ..., status: _Optional[_Union[MetricStatus, str]] = ..., owner_team: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListMetricsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[MetricDefinition]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[MetricDefinition, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ListAnomaliesRequest(_message.Message):
    __slots__ = ("metric_key", "state", "sort", "limit", "cursor")
    METRIC_KEY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    metric_key: str
    state: AnomalyState
    sort: str
    limit: int
    cursor: str
    def __init__(self, metric_key: _Optional[str] = ..., state: _Optional[_Union[AnomalyState, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListAnomaliesResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Anomaly]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[Anomaly, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...
