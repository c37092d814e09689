import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelStage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_STAGE_UNSPECIFIED: _ClassVar[ModelStage]
    MODEL_STAGE_REGISTERED: _ClassVar[ModelStage]
    MODEL_STAGE_EVALUATED: _ClassVar[ModelStage]
    MODEL_STAGE_SHADOW: _ClassVar[ModelStage]
    MODEL_STAGE_CANARY: _ClassVar[ModelStage]
    MODEL_STAGE_SERVING: _ClassVar[ModelStage]
    MODEL_STAGE_RETIRED: _ClassVar[ModelStage]
    MODEL_STAGE_REJECTED: _ClassVar[ModelStage]

class ModelTask(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_TASK_UNSPECIFIED: _ClassVar[ModelTask]
    MODEL_TASK_BINARY: _ClassVar[ModelTask]
    MODEL_TASK_REGRESSION: _ClassVar[ModelTask]
    MODEL_TASK_RANKING: _ClassVar[ModelTask]
    MODEL_TASK_FORECAST: _ClassVar[ModelTask]

class ModelFramework(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_FRAMEWORK_UNSPECIFIED: _ClassVar[ModelFramework]
    MODEL_FRAMEWORK_ONNX: _ClassVar[ModelFramework]
    MODEL_FRAMEWORK_XGBOOST: _ClassVar[ModelFramework]
    MODEL_FRAMEWORK_LIGHTGBM: _ClassVar[ModelFramework]
    MODEL_FRAMEWORK_TORCHSCRIPT: _ClassVar[ModelFramework]

class ModelMeasure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_MEASURE_UNSPECIFIED: _ClassVar[ModelMeasure]
    MODEL_MEASURE_AUC: _ClassVar[ModelMeasure]
    MODEL_MEASURE_NDCG: _ClassVar[ModelMeasure]
    MODEL_MEASURE_MAE: _ClassVar[ModelMeasure]
    MODEL_MEASURE_MAPE: _ClassVar[ModelMeasure]

class PredictionDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PREDICTION_DECISION_UNSPECIFIED: _ClassVar[PredictionDecision]
    PREDICTION_DECISION_ACCEPT: _ClassVar[PredictionDecision]
    PREDICTION_DECISION_REVIEW: _ClassVar[PredictionDecision]
    PREDICTION_DECISION_REFUSE: _ClassVar[PredictionDecision]
    PREDICTION_DECISION_UNDECIDED: _ClassVar[PredictionDecision]

class TrainingRunState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRAINING_RUN_STATE_UNSPECIFIED: _ClassVar[TrainingRunState]
    TRAINING_RUN_STATE_QUEUED: _ClassVar[TrainingRunState]
    TRAINING_RUN_STATE_RUNNING: _ClassVar[TrainingRunState]
    TRAINING_RUN_STATE_SUCCEEDED: _ClassVar[TrainingRunState]
    TRAINING_RUN_STATE_FAILED: _ClassVar[TrainingRunState]
    TRAINING_RUN_STATE_STOPPED: _ClassVar[TrainingRunState]

class FeatureEntityKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEATURE_ENTITY_KIND_UNSPECIFIED: _ClassVar[FeatureEntityKind]
    FEATURE_ENTITY_KIND_ORGANIZATION: _ClassVar[FeatureEntityKind]
    FEATURE_ENTITY_KIND_ACTOR: _ClassVar[FeatureEntityKind]
    FEATURE_ENTITY_KIND_DOCUMENT: _ClassVar[FeatureEntityKind]
    FEATURE_ENTITY_KIND_PAYMENT: _ClassVar[FeatureEntityKind]

class FeatureViewState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEATURE_VIEW_STATE_UNSPECIFIED: _ClassVar[FeatureViewState]
    FEATURE_VIEW_STATE_ACTIVE: _ClassVar[FeatureViewState]
    FEATURE_VIEW_STATE_RETIRED: _ClassVar[FeatureViewState]

class DriftVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRIFT_VERDICT_UNSPECIFIED: _ClassVar[DriftVerdict]
    DRIFT_VERDICT_STABLE: _ClassVar[DriftVerdict]
    DRIFT_VERDICT_WATCH: _ClassVar[DriftVerdict]
    DRIFT_VERDICT_DRIFTED: _ClassVar[DriftVerdict]
MODEL_STAGE_UNSPECIFIED: ModelStage
MODEL_STAGE_REGISTERED: ModelStage
MODEL_STAGE_EVALUATED: ModelStage
MODEL_STAGE_SHADOW: ModelStage
MODEL_STAGE_CANARY: ModelStage
MODEL_STAGE_SERVING: ModelStage
MODEL_STAGE_RETIRED: ModelStage
MODEL_STAGE_REJECTED: ModelStage
MODEL_TASK_UNSPECIFIED: ModelTask
MODEL_TASK_BINARY: ModelTask
MODEL_TASK_REGRESSION: ModelTask
MODEL_TASK_RANKING: ModelTask
MODEL_TASK_FORECAST: ModelTask
MODEL_FRAMEWORK_UNSPECIFIED: ModelFramework
MODEL_FRAMEWORK_ONNX: ModelFramework
MODEL_FRAMEWORK_XGBOOST: ModelFramework
MODEL_FRAMEWORK_LIGHTGBM: ModelFramework
MODEL_FRAMEWORK_TORCHSCRIPT: ModelFramework
MODEL_MEASURE_UNSPECIFIED: ModelMeasure
MODEL_MEASURE_AUC: ModelMeasure
MODEL_MEASURE_NDCG: ModelMeasure
MODEL_MEASURE_MAE: ModelMeasure
MODEL_MEASURE_MAPE: ModelMeasure
PREDICTION_DECISION_UNSPECIFIED: PredictionDecision
PREDICTION_DECISION_ACCEPT: PredictionDecision
PREDICTION_DECISION_REVIEW: PredictionDecision
PREDICTION_DECISION_REFUSE: PredictionDecision
PREDICTION_DECISION_UNDECIDED: PredictionDecision
TRAINING_RUN_STATE_UNSPECIFIED: TrainingRunState
TRAINING_RUN_STATE_QUEUED: TrainingRunState
TRAINING_RUN_STATE_RUNNING: TrainingRunState
TRAINING_RUN_STATE_SUCCEEDED: TrainingRunState
TRAINING_RUN_STATE_FAILED: TrainingRunState
TRAINING_RUN_STATE_STOPPED: TrainingRunState
FEATURE_ENTITY_KIND_UNSPECIFIED: FeatureEntityKind
FEATURE_ENTITY_KIND_ORGANIZATION: FeatureEntityKind
FEATURE_ENTITY_KIND_ACTOR: FeatureEntityKind
FEATURE_ENTITY_KIND_DOCUMENT: FeatureEntityKind
FEATURE_ENTITY_KIND_PAYMENT: FeatureEntityKind
FEATURE_VIEW_STATE_UNSPECIFIED: FeatureViewState
FEATURE_VIEW_STATE_ACTIVE: FeatureViewState
FEATURE_VIEW_STATE_RETIRED: FeatureViewState
DRIFT_VERDICT_UNSPECIFIED: DriftVerdict
DRIFT_VERDICT_STABLE: DriftVerdict
DRIFT_VERDICT_WATCH: DriftVerdict
DRIFT_VERDICT_DRIFTED: DriftVerdict

class TrainingDataset(_message.Message):
    __slots__ = ("snapshot_id", "rows", "first_day", "last_day")
    SNAPSHOT_ID_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    snapshot_id: str
    rows: int
    first_day: str
    last_day: str
    def __init__(self, snapshot_id: _Optional[str] = ..., rows: _Optional[int] = ..., first_day: _Optional[str] = ..., last_day: _Optional[str] = ...) -> None: ...

class ModelCard(_message.Message):
    __slots__ = ("purpose", "limits", "uses_personal_data", "contact_team")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    USES_PERSONAL_DATA_FIELD_NUMBER: _ClassVar[int]
    CONTACT_TEAM_FIELD_NUMBER: _ClassVar[int]
    purpose: str
    limits: str
    uses_personal_data: bool
    contact_team: str
    def __init__(self, purpose: _Optional[str] = ..., limits: _Optional[str] = ..., uses_personal_data: _Optional[bool] = ..., contact_team: _Optional[str] = ...) -> None: ...

class FeatureValue(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class FeatureWeight(_message.Message):
    __slots__ = ("feature", "weight")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    feature: str
    weight: float
    def __init__(self, feature: _Optional[str] = ..., weight: _Optional[float] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "model_key", "semver", "stage", "task_type", "framework", "artifact_uri", "artifact_digest", "training_dataset", "feature_views", "primary_metric", "primary_score", "baseline_score", "fairness_gap", "traffic_percent", "latency_budget_ms", "decision_threshold", "registered_by", "approved_by", "model_card", "population_stability", "worst_feature", "withdrawal_reason", "training_run_id", "shadow_since", "canary_since", "observed_latency_ms", "guard_loss_percent", "previous_semver", "previous_until")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_KEY_FIELD_NUMBER: _ClassVar[int]
    SEMVER_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    TASK_TYPE_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_URI_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    TRAINING_DATASET_FIELD_NUMBER: _ClassVar[int]
    FEATURE_VIEWS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_METRIC_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_SCORE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_SCORE_FIELD_NUMBER: _ClassVar[int]
    FAIRNESS_GAP_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_PERCENT_FIELD_NUMBER: _ClassVar[int]
    LATENCY_BUDGET_MS_FIELD_NUMBER: _ClassVar[int]
    DECISION_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_BY_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    MODEL_CARD_FIELD_NUMBER: _ClassVar[int]
    POPULATION_STABILITY_FIELD_NUMBER: _ClassVar[int]
    WORST_FEATURE_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_REASON_FIELD_NUMBER: _ClassVar[int]
    TRAINING_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SHADOW_SINCE_FIELD_NUMBER: _ClassVar[int]
    CANARY_SINCE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    GUARD_LOSS_PERCENT_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEMVER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    model_key: str
    semver: str
    stage: ModelStage
    task_type: ModelTask
    framework: ModelFramework
    artifact_uri: str
    artifact_digest: str
    training_dataset: TrainingDataset
    feature_views: _containers.RepeatedScalarFieldContainer[str]
    primary_metric: ModelMeasure
    primary_score: float
    baseline_score: float
    fairness_gap: float
    traffic_percent: int
    latency_budget_ms: int
    decision_threshold: float
    registered_by: str
    approved_by: str
    model_card: ModelCard
    population_stability: float
    worst_feature: str
    withdrawal_reason: str
    training_run_id: str
    shadow_since: _timestamp_pb2.Timestamp
    canary_since: _timestamp_pb2.Timestamp
    observed_latency_ms: int
    guard_loss_percent: float
    previous_semver: str
    previous_until: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., model_key: _Optional[str] = ..., semver: _Optional[str] = ..., stage: _Optional[_Union[ModelStage, str]] = ..., task_type: _Optional[_Union[ModelTask, str]] = ..., framework: _Optional[_Union[ModelFramework, str]] = ..., artifact_uri: _Optional[str] = ..., artifact_digest: _Optional[str] = ..., training_dataset: _Optional[_Union[TrainingDataset, _Mapping]] = ..., feature_views: _Optional[_Iterable[str]] = ..., primary_metric: _Optional[_Union[ModelMeasure, str]] = ..., primary_score: _Optional[float] = ..., baseline_score: _Optional[float] = ..., fairness_gap: _Optional[float] = ..., traffic_percent: _Optional[int] = ..., latency_budget_ms: _Optional[int] = ..., decision_threshold: _Optional[float] = ..., registered_by: _Optional[str] = ..., approved_by: _Optional[str] = ..., model_card: _Optional[_Union[ModelCard, _Mapping]] = ..., population_stability: _Optional[float] = ..., worst_feature: _Optional[str] = ..., withdrawal_reason: _Optional[str] = ..., training_run_id: _Optional[str] = ..., shadow_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., canary_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., observed_latency_ms: _Optional[int] = ..., guard_loss_percent: _Optional[float] = ..., previous_semver: _Optional[str] = ..., previous_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TrainingRun(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "model_key", "run_state", "framework", "training_dataset", "feature_views", "parameters", "gpu_minutes_allowed", "gpu_minutes_used", "requested_by", "started_at", "finished_at", "artifact_uri", "artifact_digest", "failure")
    class ParametersEntry(_message.Message):
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
    MODEL_KEY_FIELD_NUMBER: _ClassVar[int]
    RUN_STATE_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    TRAINING_DATASET_FIELD_NUMBER: _ClassVar[int]
    FEATURE_VIEWS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    GPU_MINUTES_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    GPU_MINUTES_USED_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_URI_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    model_key: str
    run_state: TrainingRunState
    framework: ModelFramework
    training_dataset: TrainingDataset
    feature_views: _containers.RepeatedScalarFieldContainer[str]
    parameters: _containers.ScalarMap[str, str]
    gpu_minutes_allowed: int
    gpu_minutes_used: int
    requested_by: str
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    artifact_uri: str
    artifact_digest: str
    failure: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., model_key: _Optional[str] = ..., run_state: _Optional[_Union[TrainingRunState, str]] = ..., framework: _Optional[_Union[ModelFramework, str]] = ..., training_dataset: _Optional[_Union[TrainingDataset, _Mapping]] = ..., feature_views: _Optional[_Iterable[str]] = ..., parameters: _Optional[_Mapping[str, str]] = ..., gpu_minutes_allowed: _Optional[int] = ..., gpu_minutes_used: _Optional[int] = ..., requested_by: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., artifact_uri: _Optional[str] = ..., artifact_digest: _Optional[str] = ..., failure: _Optional[str] = ...) -> None: ...

class FeatureDefinition(_message.Message):
    __slots__ = ("name", "stand_in")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STAND_IN_FIELD_NUMBER: _ClassVar[int]
    name: str
    stand_in: float
    def __init__(self, name: _Optional[str] = ..., stand_in: _Optional[float] = ...) -> None: ...

class FeatureView(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "view_name", "view_number", "entity_kind", "features", "lifetime_seconds", "derived_from", "contact_team", "view_state")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VIEW_NAME_FIELD_NUMBER: _ClassVar[int]
    VIEW_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ENTITY_KIND_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    LIFETIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DERIVED_FROM_FIELD_NUMBER: _ClassVar[int]
    CONTACT_TEAM_FIELD_NUMBER: _ClassVar[int]
    VIEW_STATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    view_name: str
    view_number: int
    entity_kind: FeatureEntityKind
    features: _containers.RepeatedCompositeFieldContainer[FeatureDefinition]
    lifetime_seconds: int
    derived_from: _containers.RepeatedScalarFieldContainer[str]
    contact_team: str
    view_state: FeatureViewState
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., view_name: _Optional[str] = ..., view_number: _Optional[int] = ..., entity_kind: _Optional[_Union[FeatureEntityKind, str]] = ..., features: _Optional[_Iterable[_Union[FeatureDefinition, _Mapping]]] = ..., lifetime_seconds: _Optional[int] = ..., derived_from: _Optional[_Iterable[str]] = ..., contact_team: _Optional[str] = ..., view_state: _Optional[_Union[FeatureViewState, str]] = ...) -> None: ...

class StartTrainingRequest(_message.Message):
    __slots__ = ("model_key", "framework", "training_dataset", "feature_views", "parameters", "gpu_minutes_allowed")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MODEL_KEY_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    TRAINING_DATASET_FIELD_NUMBER: _ClassVar[int]
    FEATURE_VIEWS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    GPU_MINUTES_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    model_key: str
    framework: ModelFramework
    training_dataset: TrainingDataset
    feature_views: _containers.RepeatedScalarFieldContainer[str]
    parameters: _containers.ScalarMap[str, str]
    gpu_minutes_allowed: int
    def __init__(self, model_key: _Optional[str] = ..., framework: _Optional[_Union[ModelFramework, str]] = ..., training_dataset: _Optional[_Union[TrainingDataset, _Mapping]] = ..., feature_views: _Optional[_Iterable[str]] = ..., parameters: _Optional[_Mapping[str, str]] = ..., gpu_minutes_allowed: _Optional[int] = ...) -> None: ...

class StartTrainingResponse(_message.Message):
    __slots__ = ("training_run",)
    TRAINING_RUN_FIELD_NUMBER: _ClassVar[int]
    training_run: TrainingRun
    def __init__(self, training_run: _Optional[_Union[TrainingRun, _Mapping]] = ...) -> None: ...

class StopTrainingRequest(_message.Message):
    __slots__ = ("training_run_id",)
    TRAINING_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    training_run_id: str
    def __init__(self, training_run_id: _Optional[str] = ...) -> None: ...

class StopTrainingResponse(_message.Message):
    __slots__ = ("training_run",)
    TRAINING_RUN_FIELD_NUMBER: _ClassVar[int]
    training_run: TrainingRun
    def __init__(self, training_run: _Optional[_Union[TrainingRun, _Mapping]] = ...) -> None: ...

class GetTrainingRunRequest(_message.Message):
    __slots__ = ("training_run_id",)
    TRAINING_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    training_run_id: str
    def __init__(self, training_run_id: _Optional[str] = ...) -> None: ...

class GetTrainingRunResponse(_message.Message):
    __slots__ = ("training_run",)
    TRAINING_RUN_FIELD_NUMBER: _ClassVar[int]
    training_run: TrainingRun
    def __init__(self, training_run: _Optional[_Union[TrainingRun, _Mapping]] = ...) -> None: ...

class ListTrainingRunsRequest(_message.Message):
    __slots__ = ("model_key", "run_state", "sort", "limit", "cursor")
    MODEL_KEY_FIELD_NUMBER: _ClassVar[int]
    RUN_STATE_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    model_key: str
    run_state: TrainingRunState
    sort: str
    limit: int
    cursor: str
    def __init__(self, model_key: _Optional[str] = ..., run_state: _Optional[_Union[TrainingRunState, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListTrainingRunsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[TrainingRun]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[TrainingRun, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class DefineFeatureViewRequest(_message.Message):
    __slots__ = ("view_name", "view_number", "entity_kind", "features", "lifetime_seconds", "derived_from", "contact_team")
    VIEW_NAME_FIELD_NUMBER: _ClassVar[int]
    VIEW_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ENTITY_KIND_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    LIFETIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DERIVED_FROM_FIELD_NUMBER: _ClassVar[int]
    CONTACT_TEAM_FIELD_NUMBER: _ClassVar[int]
    view_name: str
    view_number: int
    entity_kind: FeatureEntityKind
    features: _containers.RepeatedCompositeFieldContainer[FeatureDefinition]
    lifetime_seconds: int
    derived_from: _containers.RepeatedScalarFieldContainer[str]
    contact_team: str
    def __init__(self, view_name: _Optional[str] = ..., view_number: _Optional[int] = ..., entity_kind: _Optional[_Union[FeatureEntityKind, str]] = ..., features: _Optional[_Iterable[_Union[FeatureDefinition, _Mapping]]] = ..., lifetime_seconds: _Optional[int] = ..., derived_from: _Optional[_Iterable[str]] = ..., contact_team: _Optional[str] = ...) -> None: ...

class DefineFeatureViewResponse(_message.Message):
    __slots__ = ("feature_view",)
    FEATURE_VIEW_FIELD_NUMBER: _ClassVar[int]
    feature_view: FeatureView
    def __init__(self, feature_view: _Optional[_Union[FeatureView, _Mapping]] = ...) -> None: ...

class RetireFeatureViewRequest(_message.Message):
    __slots__ = ("feature_view_id",)
    FEATURE_VIEW_ID_FIELD_NUMBER: _ClassVar[int]
    feature_view_id: str
    def __init__(self, feature_view_id: _Optional[str] = ...) -> None: ...

class RetireFeatureViewResponse(_message.Message):
    __slots__ = ("feature_view",)
    FEATURE_VIEW_FIELD_NUMBER: _ClassVar[int]
    feature_view: FeatureView
    def __init__(self, feature_view: _Optional[_Union[FeatureView, _Mapping]] = ...) -> None: ...

class GetFeatureViewRequest(_message.Message):
    __slots__ = ("feature_view_id",)
    FEATURE_VIEW_ID_FIELD_NUMBER: _ClassVar[int]
    feature_view_id: str
    def __init__(self, feature_view_id: _Optional[str] = ...) -> None: ...

class GetFeatureViewResponse(_message.Message):
    __slots__ = ("feature_view",)
    FEATURE_VIEW_FIELD_NUMBER: _ClassVar[int]
    feature_view: FeatureView
    def __init__(self, feature_view: _Optional[_Union[FeatureView, _Mapping]] = ...) -> None: ...

class ListFeatureViewsRequest(_message.Message):
    __slots__ = ("view_name", "entity_kind", "view_state", "sort", "limit", "cursor")
    VIEW_NAME_FIELD_NUMBER: _ClassVar[int]
    ENTITY_KIND_FIELD_NUMBER: _ClassVar[int]
    VIEW_STATE_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    view_name: str
    entity_kind: FeatureEntityKind
    view_state: FeatureViewState
    sort: str
    limit: int
    cursor: str
    def __init__(self, view_name: _Optional[str] = ..., entity_kind: _Optional[_Union[FeatureEntityKind, str]] = ..., view_state: _Optional[_Union[FeatureViewState, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListFeatureViewsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[FeatureView]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[FeatureView, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class Prediction(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "model_key", "model_id", "request_id", "entity_ref", "score", "decision", "explanation", "served_at", "outcome", "outcome_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_KEY_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ENTITY_REF_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    SERVED_AT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    model_key: str
    model_id: str
    request_id: str
    entity_ref: str
    score: float
    decision: PredictionDecision
    explanation: _containers.RepeatedCompositeFieldContainer[FeatureWeight]
    served_at: _timestamp_pb2.Timestamp
    outcome: float
    outcome_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., model_key: _Optional[str] = ..., model_id: _Optional[str] = ..., request_id: _Optional[str] = ..., entity_ref: _Optional[str] = ..., score: _Optional[float] = ..., decision: _Optional[_Union[PredictionDecision, str]] = ..., explanation: _Optional[_Iterable[_Union[FeatureWeight, _Mapping]]] = ..., served_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcome: _Optional[float] = ..., outcome_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PredictRequest(_message.Message):
    __slots__ = ("request_id", "model_key", "entity_ref", "features")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_KEY_FIELD_NUMBER: _ClassVar[int]
    ENTITY_REF_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    model_key: str
    entity_ref: str
    features: _containers.RepeatedCompositeFieldContainer[FeatureValue]
    def __init__(self, request_id: _Optional[str] = ..., model_key: _Optional[str] = ..., entity_ref: _Optional[str] = ..., features: _Optional[_Iterable[_Union[FeatureValue, _Mapping]]] = ...) -> None: ...

class PredictResponse(_message.Message):
    __slots__ = ("prediction_id", "score", "decision", "semver", "degraded")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    SEMVER_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    score: float
    decision: PredictionDecision
    semver: str
    degraded: bool
    def __init__(self, prediction_id: _Optional[str] = ..., score: _Optional[float] = ..., decision: _Optional[_Union[PredictionDecision, str]] = ..., semver: _Optional[str] = ..., degraded: _Optional[bool] = ...) -> None: ...

class PredictBatchRequest(_message.Message):
    __slots__ = ("request_id", "model_key", "entity_refs")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_KEY_FIELD_NUMBER: _ClassVar[int]
    ENTITY_REFS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    model_key: str
    entity_refs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[str] = ..., model_key: _Optional[str] = ..., entity_refs: _Optional[_Iterable[str]] = ...) -> None: ...

class PredictBatchResponse(_message.Message):
    __slots__ = ("entity_ref", "score", "decision")
    ENTITY_REF_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    entity_ref: str
    score: float
    decision: PredictionDecision
    def __init__(self, entity_ref: _Optional[str] = ..., score: _Optional[float] = ..., decision: _Optional[_Union[PredictionDecision, str]] = ...) -> None: ...

class MeasureDriftRequest(_message.Message):
    __slots__ = ("model_id", "window_days")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_DAYS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    window_days: int
    def __init__(self, model_id: _Optional[str] = ..., window_days: _Optional[int] = ...) -> None: ...

class MeasureDriftResponse(_message.Message):
    __slots__ = ("population_stability", "worst_feature", "verdict", "sampled_requests")
    POPULATION_STABILITY_FIELD_NUMBER: _ClassVar[int]
    WORST_FEATURE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SAMPLED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    population_stability: float
    worst_feature: str
    verdict: DriftVerdict
    sampled_requests: int
    def __init__(self, population_stability: _Optional[float] = ..., worst_feature: _Optional[str] = ..., verdict: _Optional[_Union[DriftVerdict, str]] = ..., sampled_requests: _Optional[int] = ...) -> None: ...

class GetFeaturesRequest(_message.Message):
    __slots__ = ("feature_view", "entity_refs")
    FEATURE_VIEW_FIELD_NUMBER: _ClassVar[int]
    ENTITY_REFS_FIELD_NUMBER: _ClassVar[int]
    feature_view: str
    entity_refs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, feature_view: _Optional[str] = ..., entity_refs: _Optional[_Iterable[str]] = ...) -> None: ...

class FeatureVector(_message.Message):
    __slots__ = ("entity_ref", "features", "stand_ins")
    ENTITY_REF_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    STAND_INS_FIELD_NUMBER: _ClassVar[int]
    entity_ref: str
    features: _containers.RepeatedCompositeFieldContainer[FeatureValue]
    stand_ins: int
    def __init__(self, entity_ref: _Optional[str] = ..., features: _Optional[_Iterable[_Union[FeatureValue, _Mapping]]] = ..., stand_ins: _Optional[int] = ...) -> None: ...

class GetFeaturesResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[FeatureVector]
    def __init__(self, items: _Optional[_Iterable[_Union[FeatureVector, _Mapping]]] = ...) -> None: ...

class ExplainPredictionRequest(_message.Message):
    __slots__ = ("prediction_id",)
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    def __init__(self, prediction_id: _Optional[str] = ...) -> None: ...

class ExplainPredictionResponse(_message.Message):
    __slots__ = ("prediction",)
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    prediction: Prediction
    def __init__(self, prediction: _Optional[_Union[Prediction, _Mapping]] = ...) -> None: ...

class RecordOutcomeRequest(_message.Message):
    __slots__ = ("prediction_id", "outcome", "outcome_at")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_AT_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    outcome: float
    outcome_at: _timestamp_pb2.Timestamp
    def __init__(self, prediction_id: _Optional[str] = ..., outcome: _Optional[float] = ..., outcome_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RecordOutcomeResponse(_message.Message):
    __slots__ = ("prediction",)
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    prediction: Prediction
    def __init__(self, prediction: _Optional[_Union[Prediction, _Mapping]] = ...) -> None: ...

class RegisterModelRequest(_message.Message):
    __slots__ = ("model_key", "semver", "task_type", "framework", "artifact_uri", "artifact_digest", "training_dataset", "feature_views", "primary_metric", "latency_budget_ms", "decision_threshold", "model_card", "training_run_id")
    MODEL_KEY_FIELD_NUMBER: _ClassVar[int]
    SEMVER_FIELD_NUMBER: _ClassVar[int]
    TASK_TYPE_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_URI_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    TRAINING_DATASET_FIELD_NUMBER: _ClassVar[int]
    FEATURE_VIEWS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_METRIC_FIELD_NUMBER: _ClassVar[int]
    LATENCY_BUDGET_MS_FIELD_NUMBER: _ClassVar[int]
    DECISION_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    MODEL_CARD_FIELD_NUMBER: _ClassVar[int]
    TRAINING_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    model_key: str
    semver: str
    task_type: ModelTask
    framework: ModelFramework
    artifact_uri: str
    artifact_digest: str
    training_dataset: TrainingDataset
    feature_views: _containers.RepeatedScalarFieldContainer[str]
    primary_metric: ModelMeasure
    latency_budget_ms: int
    decision_threshold: float
    model_card: ModelCard
    training_run_id: str
    def __init__(self, model_key: _Optional[str] = ..., semver: _Optional[str] = ..., task_type: _Optional[_Union[ModelTask, str]] = ..., framework: _Optional[_Union[ModelFramework, str]] = ..., artifact_uri: _Optional[str] = ..., artifact_digest: _Optional[str] = ..., training_dataset: _Optional[_Union[TrainingDataset, _Mapping]] = ..., feature_views: _Optional[_Iterable[str]] = ..., primary_metric: _Optional[_Union[ModelMeasure, str]] = ..., latency_budget_ms: _Optional[int] = ..., decision_threshold: _Optional[float] = ..., model_card: _Optional[_Union[ModelCard, _Mapping]] = ..., training_run_id: _Optional[str] = ...) -> None: ...

class EvaluateModelRequest(_message.Message):
    __slots__ = ("model_id", "test_snapshot_id", "primary_score", "baseline_score", "fairness_gap", "test_first_day")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    TEST_SNAPSHOT_ID_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_SCORE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_SCORE_FIELD_NUMBER: _ClassVar[int]
    FAIRNESS_GAP_FIELD_NUMBER: _ClassVar[int]
    TEST_FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    test_snapshot_id: str
    primary_score: float
    baseline_score: float
    fairness_gap: float
    test_first_day: str
    def __init__(self, model_id: _Optional[str] = ..., test_snapshot_id: _Optional[str] = ..., primary_score: _Optional[float] = ..., baseline_score: _Optional[float] = ..., fairness_gap: _Optional[float] = ..., test_first_day: _Optional[str] = ...) -> None: ...

class RejectModelRequest(_message.Message):
    __slots__ = ("model_id", "withdrawal_reason")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_REASON_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    withdrawal_reason: str
    def __init__(self, model_id: _Optional[str] = ..., withdrawal_reason: _Optional[str] = ...) -> None: ...

class StartShadowRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class StartCanaryRequest(_message.Message):
    __slots__ = ("model_id", "traffic_percent")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_PERCENT_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    traffic_percent: int
    def __init__(self, model_id: _Optional[str] = ..., traffic_percent: _Optional[int] = ...) -> None: ...

class DeployModelRequest(_message.Message):
    __slots__ = ("model_id", "previous_semver")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEMVER_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    previous_semver: str
    def __init__(self, model_id: _Optional[str] = ..., previous_semver: _Optional[str] = ...) -> None: ...

class StopRolloutRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class RollBackModelRequest(_message.Message):
    __slots__ = ("model_id", "withdrawal_reason")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_REASON_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    withdrawal_reason: str
    def __init__(self, model_id: _Optional[str] = ..., withdrawal_reason: _Optional[str] = ...) -> None: ...

class RetireModelRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ("model_key", "stage", "sort", "limit", "cursor")
    MODEL_KEY_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    model_key: str
    stage: ModelStage
    sort: str
    limit: int
    cursor: str
    def __init__(self, model_key: _Optional[str] = ..., stage: _Optional[_Union[ModelStage, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Model]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class RegisterModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class EvaluateModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class RejectModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class StartShadowResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class StartCanaryResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class DeployModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class StopRolloutResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class RollBackModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class RetireModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...
