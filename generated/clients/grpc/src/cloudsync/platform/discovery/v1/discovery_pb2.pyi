import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WireProtocol(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WIRE_PROTOCOL_UNSPECIFIED: _ClassVar[WireProtocol]
    WIRE_PROTOCOL_HTTP1: _ClassVar[WireProtocol]
    WIRE_PROTOCOL_HTTP2: _ClassVar[WireProtocol]
    WIRE_PROTOCOL_GRPC: _ClassVar[WireProtocol]

class InstanceStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSTANCE_STATUS_UNSPECIFIED: _ClassVar[InstanceStatus]
    INSTANCE_STATUS_REGISTERING: _ClassVar[InstanceStatus]
    INSTANCE_STATUS_HEALTHY: _ClassVar[InstanceStatus]
    INSTANCE_STATUS_DEGRADED: _ClassVar[InstanceStatus]
    INSTANCE_STATUS_DRAINING: _ClassVar[InstanceStatus]
    INSTANCE_STATUS_EXPIRED: _ClassVar[InstanceStatus]
    INSTANCE_STATUS_DEREGISTERED: _ClassVar[InstanceStatus]

class ProbeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROBE_KIND_UNSPECIFIED: _ClassVar[ProbeKind]
    PROBE_KIND_LIVENESS: _ClassVar[ProbeKind]
    PROBE_KIND_READINESS: _ClassVar[ProbeKind]
    PROBE_KIND_DEEP: _ClassVar[ProbeKind]

class ProbeOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROBE_OUTCOME_UNSPECIFIED: _ClassVar[ProbeOutcome]
    PROBE_OUTCOME_PASSED: _ClassVar[ProbeOutcome]
    PROBE_OUTCOME_SLOW: _ClassVar[ProbeOutcome]
    PROBE_OUTCOME_FAILED: _ClassVar[ProbeOutcome]

class ServiceTier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SERVICE_TIER_UNSPECIFIED: _ClassVar[ServiceTier]
    SERVICE_TIER_TIER_ONE: _ClassVar[ServiceTier]
    SERVICE_TIER_TIER_TWO: _ClassVar[ServiceTier]
    SERVICE_TIER_TIER_THREE: _ClassVar[ServiceTier]

class ShiftStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHIFT_STATUS_UNSPECIFIED: _ClassVar[ShiftStatus]
    SHIFT_STATUS_REQUESTED: _ClassVar[ShiftStatus]
    SHIFT_STATUS_APPROVED: _ClassVar[ShiftStatus]
    SHIFT_STATUS_SHIFTING: _ClassVar[ShiftStatus]
    SHIFT_STATUS_EFFECTIVE: _ClassVar[ShiftStatus]
    SHIFT_STATUS_REVERTED: _ClassVar[ShiftStatus]
WIRE_PROTOCOL_UNSPECIFIED: WireProtocol
WIRE_PROTOCOL_HTTP1: WireProtocol
WIRE_PROTOCOL_HTTP2: WireProtocol
WIRE_PROTOCOL_GRPC: WireProtocol
INSTANCE_STATUS_UNSPECIFIED: InstanceStatus
INSTANCE_STATUS_REGISTERING: InstanceStatus
INSTANCE_STATUS_HEALTHY: InstanceStatus
INSTANCE_STATUS_DEGRADED: InstanceStatus
INSTANCE_STATUS_DRAINING: InstanceStatus
INSTANCE_STATUS_EXPIRED: InstanceStatus
INSTANCE_STATUS_DEREGISTERED: InstanceStatus
PROBE_KIND_UNSPECIFIED: ProbeKind
PROBE_KIND_LIVENESS: ProbeKind
PROBE_KIND_READINESS: ProbeKind
PROBE_KIND_DEEP: ProbeKind
PROBE_OUTCOME_UNSPECIFIED: ProbeOutcome
PROBE_OUTCOME_PASSED: ProbeOutcome
PROBE_OUTCOME_SLOW: ProbeOutcome
PROBE_OUTCOME_FAILED: ProbeOutcome
SERVICE_TIER_UNSPECIFIED: ServiceTier
SERVICE_TIER_TIER_ONE: ServiceTier
SERVICE_TIER_TIER_TWO: ServiceTier
SERVICE_TIER_TIER_THREE: ServiceTier
SHIFT_STATUS_UNSPECIFIED: ShiftStatus
SHIFT_STATUS_REQUESTED: ShiftStatus
SHIFT_STATUS_APPROVED: ShiftStatus
SHIFT_STATUS_SHIFTING: ShiftStatus
SHIFT_STATUS_EFFECTIVE: ShiftStatus
SHIFT_STATUS_REVERTED: ShiftStatus

class ServiceInstance(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "service_name", "region", "zone", "address", "port", "protocol", "pod_name", "node_name", "build_version", "spiffe_id", "weight", "load_percent", "lease_ttl_seconds", "lease_expires_at", "consecutive_failures", "drain_reason", "status")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    POD_NAME_FIELD_NUMBER: _ClassVar[int]
    NODE_NAME_FIELD_NUMBER: _ClassVar[int]
    BUILD_VERSION_FIELD_NUMBER: _ClassVar[int]
    SPIFFE_ID_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    LOAD_PERCENT_FIELD_NUMBER: _ClassVar[int]
    LEASE_TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LEASE_EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    CONSECUTIVE_FAILURES_FIELD_NUMBER: _ClassVar[int]
    DRAIN_REASON_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    service_name: str
    region: str
    zone: str
    address: str
    port: int
    protocol: WireProtocol
    pod_name: str
    node_name: str
    build_version: str
    spiffe_id: str
    weight: int
    load_percent: int
    lease_ttl_seconds: int
    lease_expires_at: _timestamp_pb2.Timestamp
    consecutive_failures: int
    drain_reason: str
    status: InstanceStatus
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., service_name: _Optional[str] = ..., region: _Optional[str] = ..., zone: _Optional[str] = ..., address: _Optional[str] = ..., port: _Optional[int] = ..., protocol: _Optional[_Union[WireProtocol, str]] = ..., pod_name: _Optional[str] = ..., node_name: _Optional[str] = ..., build_version: _Optional[str] = ..., spiffe_id: _Optional[str] = ..., weight: _Optional[int] = ..., load_percent: _Optional[int] = ..., lease_ttl_seconds: _Optional[int] = ..., lease_expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., consecutive_failures: _Optional[int] = ..., drain_reason: _Optional[str] = ..., status: _Optional[_Union[InstanceStatus, str]] = ...) -> None: ...

class HealthReport(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "instance_id", "probe", "latency_ms", "outcome", "failing_dependency", "observed_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FAILING_DEPENDENCY_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    instance_id: str
    probe: ProbeKind
    latency_ms: int
    outcome: ProbeOutcome
    failing_dependency: str
    observed_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., instance_id: _Optional[str] = ..., probe: _Optional[_Union[ProbeKind, str]] = ..., latency_ms: _Optional[int] = ..., outcome: _Optional[_Union[ProbeOutcome, str]] = ..., failing_dependency: _Optional[str] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ServiceDefinition(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "name", "context_name", "tier", "owner_team", "min_healthy_instances", "outlier_ejection_percent")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_NAME_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    MIN_HEALTHY_INSTANCES_FIELD_NUMBER: _ClassVar[int]
    OUTLIER_EJECTION_PERCENT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    name: str
    context_name: str
    tier: ServiceTier
    owner_team: str
    min_healthy_instances: int
    outlier_ejection_percent: int
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., name: _Optional[str] = ..., context_name: _Optional[str] = ..., tier: _Optional[_Union[ServiceTier, str]] = ..., owner_team: _Optional[str] = ..., min_healthy_instances: _Optional[int] = ..., outlier_ejection_percent: _Optional[int] = ...) -> None: ...

class TrafficShift(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "service_name", "from_region", "to_region", "percent", "reason", "incident_number", "drill", "requested_by", "approved_by", "effective_at", "expires_at", "status")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    FROM_REGION_FIELD_NUMBER: _ClassVar[int]
    TO_REGION_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DRILL_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    service_name: str
    from_region: str
    to_region: str
    percent: int
    reason: str
    incident_number: str
    drill: bool
    requested_by: str
    approved_by: str
    effective_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    status: ShiftStatus
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., service_name: _Optional[str] = ..., from_region: _Optional[str] = ..., to_region: _Optional[str] = ..., percent: _Optional[int] = ..., reason: _Optional[str] = ..., incident_number: _Optional[str] = ..., drill: _Optional[bool] = ..., requested_by: _Optional[str] = ..., approved_by: _Optional[str] = ..., effective_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., status: _Optional[_Union[ShiftStatus, str]] = ...) -> None: ...

class Endpoint(_message.Message):
    __slots__ = ("service_instance_id", "address", "port", "zone", "weight")
    SERVICE_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    service_instance_id: str
    address: str
    port: int
    zone: str
    weight: int
    def __init__(self, service_instance_id: _Optional[str] = ..., address: _Optional[str] = ..., port: _Optional[int] = ..., zone: _Optional[str] = ..., weight: _Optional[int] = ...) -> None: ...

class RegisterInstanceRequest(_message.Message):
    __slots__ = ("service_name", "region", "zone", "address", "port", "protocol", "pod_name", "node_name", "build_version", "spiffe_id", "weight", "lease_ttl_seconds")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    POD_NAME_FIELD_NUMBER: _ClassVar[int]
    NODE_NAME_FIELD_NUMBER: _ClassVar[int]
    BUILD_VERSION_FIELD_NUMBER: _ClassVar[int]
    SPIFFE_ID_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    LEASE_TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    region: str
    zone: str
    address: str
    port: int
    protocol: WireProtocol
    pod_name: str
    node_name: str
    build_version: str
    spiffe_id: str
    weight: int
    lease_ttl_seconds: int
    def __init__(self, service_name: _Optional[str] = ..., region: _Optional[str] = ..., zone: _Optional[str] = ..., address: _Optional[str] = ..., port: _Optional[int] = ..., protocol: _Optional[_Union[WireProtocol, str]] = ..., pod_name: _Optional[str] = ..., node_name: _Optional[str] = ..., build_version: _Optional[str] = ..., spiffe_id: _Optional[str] = ..., weight: _Optional[int] = ..., lease_ttl_seconds: _Optional[int] = ...) -> None: ...

class RegisterInstanceResponse(_message.Message):
    __slots__ = ("service_instance",)
    SERVICE_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    service_instance: ServiceInstance
    def __init__(self, service_instance: _Optional[_Union[ServiceInstance, _Mapping]] = ...) -> None: ...

class RenewInstanceLeaseRequest(_message.Message):
    __slots__ = ("service_instance_id", "load_percent")
    SERVICE_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    LOAD_PERCENT_FIELD_NUMBER: _ClassVar[int]
    service_instance_id: str
    load_percent: int
    def __init__(self, service_instance_id: _Optional[str] = ..., load_percent: _Optional[int] = ...) -> None: ...

class RenewInstanceLeaseResponse(_message.Message):
    __slots__ = ("service_instance",)
    SERVICE_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    service_instance: ServiceInstance
    def __init__(self, service_instance: _Optional[_Union[ServiceInstance, _Mapping]] = ...) -> None: ...

class ReportHealthRequest(_message.Message):
    __slots__ = ("instance_id", "probe", "latency_ms", "outcome", "failing_dependency", "observed_at")
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FAILING_DEPENDENCY_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    instance_id: str
    probe: ProbeKind
    latency_ms: int
    outcome: ProbeOutcome
    failing_dependency: str
    observed_at: _timestamp_pb2.Timestamp
    def __init__(self, instance_id: _Optional[str] = ..., probe: _Optional[_Union[ProbeKind, str]] = ..., latency_ms: _Optional[int] = ..., outcome: _Optional[_Union[ProbeOutcome, str]] = ..., failing_dependency: _Optional[str] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReportHealthResponse(_message.Message):
    __slots__ = ("health_report",)
    HEALTH_REPORT_FIELD_NUMBER: _ClassVar[int]
    health_report: HealthReport
    def __init__(self, health_report: _Optional[_Union[HealthReport, _Mapping]] = ...) -> None: ...

class DrainInstanceRequest(_message.Message):
    __slots__ = ("service_instance_id", "drain_reason")
    SERVICE_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    DRAIN_REASON_FIELD_NUMBER: _ClassVar[int]
    service_instance_id: str
    drain_reason: str
    def __init__(self, service_instance_id: _Optional[str] = ..., drain_reason: _Optional[str] = ...) -> None: ...

class DrainInstanceResponse(_message.Message):
    __slots__ = ("service_instance",)
    SERVICE_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    service_instance: ServiceInstance
    def __init__(self, service_instance: _Optional[_Union[ServiceInstance, _Mapping]] = ...) -> None: ...

class DeregisterInstanceRequest(_message.Message):
    __slots__ = ("service_instance_id",)
    SERVICE_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    service_instance_id: str
    def __init__(self, service_instance_id: _Optional[str] = ...) -> None: ...

class DeregisterInstanceResponse(_message.Message):
    __slots__ = ("service_instance",)
    SERVICE_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    service_instance: ServiceInstance
    def __init__(self, service_instance: _Optional[_Union[ServiceInstance, _Mapping]] = ...) -> None: ...

class ExpireLeaseRequest(_message.Message):
    __slots__ = ("service_instance_id",)
    SERVICE_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    service_instance_id: str
    def __init__(self, service_instance_id: _Optional[str] = ...) -> None: ...

class ExpireLeaseResponse(_message.Message):
    __slots__ = ("service_instance",)
    SERVICE_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    service_instance: ServiceInstance
    def __init__(self, service_instance: _Optional[_Union[ServiceInstance, _Mapping]] = ...) -> None: ...

class DefineServiceRequest(_message.Message):
    __slots__ = ("name", "context_name", "tier", "owner_team", "min_healthy_instances", "outlier_ejection_percent")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_NAME_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    OWNER_TEAM_FIELD_NUMBER: _ClassVar[int]
    MIN_HEALTHY_INSTANCES_FIELD_NUMBER: _ClassVar[int]
    OUTLIER_EJECTION_PERCENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    context_name: str
    tier: ServiceTier
    owner_team: str
    min_healthy_instances: int
    outlier_ejection_percent: int
    def __init__(self, name: _Optional[str] = ..., context_name: _Optional[str] = ..., tier: _Optional[_Union[ServiceTier, str]] = ..., owner_team: _Optional[str] = ..., min_healthy_instances: _Optional[int] = ..., outlier_ejection_percent: _Optional[int] = ...) -> None: ...

class DefineServiceResponse(_message.Message):
    __slots__ = ("service_definition",)
    SERVICE_DEFINITION_FIELD_NUMBER: _ClassVar[int]
    service_definition: ServiceDefinition
    def __init__(self, service_definition: _Optional[_Union[ServiceDefinition, _Mapping]] = ...) -> None: ...

class ShiftTrafficRequest(_message.Message):
    __slots__ = ("service_name", "from_region", "to_region", "percent", "reason", "incident_number", "drill", "expires_at")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    FROM_REGION_FIELD_NUMBER: _ClassVar[int]
    TO_REGION_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DRILL_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    from_region: str
    to_region: str
    percent: int
    reason: str
    incident_number: str
    drill: bool
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, service_name: _Optional[str] = ..., from_region: _Optional[str] = ..., to_region: _Optional[str] = ..., percent: _Optional[int] = ..., reason: _Optional[str] = ..., incident_number: _Optional[str] = ..., drill: _Optional[bool] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ShiftTrafficResponse(_message.Message):
    __slots__ = ("traffic_shift",)
    TRAFFIC_SHIFT_FIELD_NUMBER: _ClassVar[int]
    traffic_shift: TrafficShift
    def __init__(self, traffic_shift: _Optional[_Union[TrafficShift, _Mapping]] = ...) -> None: ...

class ApproveTrafficShiftRequest(_message.Message):
    __slots__ = ("traffic_shift_id",)
    TRAFFIC_SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    traffic_shift_id: str
    def __init__(self, traffic_shift_id: _Optional[str] = ...) -> None: ...

class ApproveTrafficShiftResponse(_message.Message):
    __slots__ = ("traffic_shift",)
    TRAFFIC_SHIFT_FIELD_NUMBER: _ClassVar[int]
    traffic_shift: TrafficShift
    def __init__(self, traffic_shift: _Optional[_Union[TrafficShift, _Mapping]] = ...) -> None: ...

class RevertTrafficShiftRequest(_message.Message):
    __slots__ = ("traffic_shift_id",)
    TRAFFIC_SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    traffic_shift_id: str
    def __init__(self, traffic_shift_id: _Optional[str] = ...) -> None: ...

class RevertTrafficShiftResponse(_message.Message):
    __slots__ = ("traffic_shift",)
    TRAFFIC_SHIFT_FIELD_NUMBER: _ClassVar[int]
    traffic_shift: TrafficShift
    def __init__(self, traffic_shift: _Optional[_Union[TrafficShift, _Mapping]] = ...) -> None: ...

class ResolveServiceRequest(_message.Message):
    __slots__ = ("service_name", "region", "zone_hint")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    ZONE_HINT_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    region: str
    zone_hint: str
    def __init__(self, service_name: _Optional[str] = ..., region: _Optional[str] = ..., zone_hint: _Optional[str] = ...) -> None: ...

class ResolveServiceResponse(_message.Message):
    __slots__ = ("service_name", "generation", "endpoints")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    generation: int
    endpoints: _containers.RepeatedCompositeFieldContainer[Endpoint]
    def __init__(self, service_name: _Optional[str] = ..., generation: _Optional[int] = ..., endpoints: _Optional[_Iterable[_Union[Endpoint, _Mapping]]] = ...) -> None: ...

class KnownGeneration(_message.Message):
    __slots__ = ("service_name", "generation")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    generation: int
    def __init__(self, service_name: _Optional[str] = ..., generation: _Optional[int] = ...) -> None: ...

class WatchEndpointsRequest(_message.Message):
    __slots__ = ("service_names", "known_generations")
    SERVICE_NAMES_FIELD_NUMBER: _ClassVar[int]
    KNOWN_GENERATIONS_FIELD_NUMBER: _ClassVar[int]
    service_names: _containers.RepeatedScalarFieldContainer[str]
    known_generations: _containers.RepeatedCompositeFieldContainer[KnownGeneration]
    def __init__(self, service_names: _Optional[_Iterable[str]] = ..., known_generations: _Optional[_Iterable[_Union[KnownGeneration, _Mapping]]] = ...) -> None: ...

class WatchEndpointsResponse(_message.Message):
    __slots__ = ("service_name", "generation", "endpoints")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    generation: int
    endpoints: _containers.RepeatedCompositeFieldContainer[Endpoint]
    def __init__(self, service_name: _Optional[str] = ..., generation: _Optional[int] = ..., endpoints: _Optional[_Iterable[_Union[Endpoint, _Mapping]]] = ...) -> None: ...

class GetInstanceRequest(_message.Message):
    __slots__ = ("service_instance_id",)
    SERVICE_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    service_instance_id: str
    def __init__(self, service_instance_id: _Optional[str] = ...) -> None: ...

class GetInstanceResponse(_message.Message):
    __slots__ = ("service_instance",)
    SERVICE_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    service_instance: ServiceInstance
    def __init__(self, service_instance: _Optional[_Union[ServiceInstance, _Mapping]] = ...) -> None: ...

class ListInstancesRequest(_message.Message):
    __slots__ = ("service_name", "region", "status", "build_version", "sort", "limit", "cursor")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BUILD_VERSION_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    region: str
    status: InstanceStatus
    build_version: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, service_name: _Optional[str] = ..., region: _Optional[str] = ..., status: _Optional[_Union[InstanceStatus, str]] = ..., build_version: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListInstancesResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ServiceInstance]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[ServiceInstance, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ListServiceDefinitionsRequest(_message.Message):
    __slots__ = ("tier", "context_name", "sort", "limit", "cursor")
    TIER_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_NAME_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    tier: ServiceTier
    context_name: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, tier: _Optional[_Union[ServiceTier, str]] = ..., context_name: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListServiceDefinitionsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ServiceDefinition]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[ServiceDefinition, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ListTrafficShiftsRequest(_message.Message):
    __slots__ = ("from_region", "to_region", "status", "drill", "sort", "limit", "cursor")
    FROM_REGION_FIELD_NUMBER: _ClassVar[int]
    TO_REGION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DRILL_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    from_region: str
    to_region: str
    status: ShiftStatus
    drill: bool
    sort: str
    limit: int
    cursor: str
    def __init__(self, from_region: _Optional[str] = ..., to_region: _Optional[str] = ..., status: _Optional[_Union[ShiftStatus, str]] = ..., drill: _Optional[bool] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListTrafficShiftsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[TrafficShift]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[TrafficShift, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...
