import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SecretKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SECRET_KIND_UNSPECIFIED: _ClassVar[SecretKind]
    SECRET_KIND_DATABASE_CREDENTIAL: _ClassVar[SecretKind]
    SECRET_KIND_SIGNING_KEY: _ClassVar[SecretKind]
    SECRET_KIND_WEBHOOK_KEY: _ClassVar[SecretKind]
    SECRET_KIND_API_TOKEN: _ClassVar[SecretKind]
    SECRET_KIND_TLS_CERTIFICATE: _ClassVar[SecretKind]
    SECRET_KIND_ENCRYPTION_KEY: _ClassVar[SecretKind]
    SECRET_KIND_OAUTH_CLIENT_SECRET: _ClassVar[SecretKind]

class SecretStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SECRET_STATUS_UNSPECIFIED: _ClassVar[SecretStatus]
    SECRET_STATUS_PENDING: _ClassVar[SecretStatus]
    SECRET_STATUS_ACTIVE: _ClassVar[SecretStatus]
    SECRET_STATUS_ROTATING: _ClassVar[SecretStatus]
    SECRET_STATUS_ROTATION_FAILED: _ClassVar[SecretStatus]
    SECRET_STATUS_REVOKED: _ClassVar[SecretStatus]
    SECRET_STATUS_DESTROYED: _ClassVar[SecretStatus]

class SecretVersionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SECRET_VERSION_STATE_UNSPECIFIED: _ClassVar[SecretVersionState]
    SECRET_VERSION_STATE_STAGED: _ClassVar[SecretVersionState]
    SECRET_VERSION_STATE_CURRENT: _ClassVar[SecretVersionState]
    SECRET_VERSION_STATE_PREVIOUS: _ClassVar[SecretVersionState]
    SECRET_VERSION_STATE_DEAD: _ClassVar[SecretVersionState]

class RotationStrategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROTATION_STRATEGY_UNSPECIFIED: _ClassVar[RotationStrategy]
    ROTATION_STRATEGY_DUAL_USER: _ClassVar[RotationStrategy]
    ROTATION_STRATEGY_DUAL_KEY: _ClassVar[RotationStrategy]
    ROTATION_STRATEGY_REISSUE: _ClassVar[RotationStrategy]

class RotationStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROTATION_STEP_UNSPECIFIED: _ClassVar[RotationStep]
    ROTATION_STEP_STAGE: _ClassVar[RotationStep]
    ROTATION_STEP_DISTRIBUTE: _ClassVar[RotationStep]
    ROTATION_STEP_VERIFY: _ClassVar[RotationStep]
    ROTATION_STEP_RETIRE: _ClassVar[RotationStep]
    ROTATION_STEP_FINISHED: _ClassVar[RotationStep]

class DataKeyPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_KEY_PURPOSE_UNSPECIFIED: _ClassVar[DataKeyPurpose]
    DATA_KEY_PURPOSE_PII: _ClassVar[DataKeyPurpose]
    DATA_KEY_PURPOSE_PAYMENT: _ClassVar[DataKeyPurpose]
    DATA_KEY_PURPOSE_BODY: _ClassVar[DataKeyPurpose]
SECRET_KIND_UNSPECIFIED: SecretKind
SECRET_KIND_DATABASE_CREDENTIAL: SecretKind
SECRET_KIND_SIGNING_KEY: SecretKind
SECRET_KIND_WEBHOOK_KEY: SecretKind
SECRET_KIND_API_TOKEN: SecretKind
SECRET_KIND_TLS_CERTIFICATE: SecretKind
SECRET_KIND_ENCRYPTION_KEY: SecretKind
SECRET_KIND_OAUTH_CLIENT_SECRET: SecretKind
SECRET_STATUS_UNSPECIFIED: SecretStatus
SECRET_STATUS_PENDING: SecretStatus
SECRET_STATUS_ACTIVE: SecretStatus
SECRET_STATUS_ROTATING: SecretStatus
SECRET_STATUS_ROTATION_FAILED: SecretStatus
SECRET_STATUS_REVOKED: SecretStatus
SECRET_STATUS_DESTROYED: SecretStatus
SECRET_VERSION_STATE_UNSPECIFIED: SecretVersionState
SECRET_VERSION_STATE_STAGED: SecretVersionState
SECRET_VERSION_STATE_CURRENT: SecretVersionState
SECRET_VERSION_STATE_PREVIOUS: SecretVersionState
SECRET_VERSION_STATE_DEAD: SecretVersionState
ROTATION_STRATEGY_UNSPECIFIED: RotationStrategy
ROTATION_STRATEGY_DUAL_USER: RotationStrategy
ROTATION_STRATEGY_DUAL_KEY: RotationStrategy
ROTATION_STRATEGY_REISSUE: RotationStrategy
ROTATION_STEP_UNSPECIFIED: RotationStep
ROTATION_STEP_STAGE: RotationStep
ROTATION_STEP_DISTRIBUTE: RotationStep
ROTATION_STEP_VERIFY: RotationStep
ROTATION_STEP_RETIRE: RotationStep
ROTATION_STEP_FINISHED: RotationStep
DATA_KEY_PURPOSE_UNSPECIFIED: DataKeyPurpose
DATA_KEY_PURPOSE_PII: DataKeyPurpose
DATA_KEY_PURPOSE_PAYMENT: DataKeyPurpose
DATA_KEY_PURPOSE_BODY: DataKeyPurpose

class SealedField(_message.Message):
    __slots__ = ("key_version", "sealed")
    KEY_VERSION_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    key_version: int
    sealed: bytes
    def __init__(self, key_version: _Optional[int] = ..., sealed: _Optional[bytes] = ...) -> None: ...

class SecretMetadata(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "path", "kind", "owner_service", "reader_services", "current_version_number", "rotation_interval_hours", "overlap_minutes", "last_rotated_at", "next_rotation_at", "failed_rotations", "incident_number", "revoked_at", "approver_id", "status", "removal_proposed_by")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OWNER_SERVICE_FIELD_NUMBER: _ClassVar[int]
    READER_SERVICES_FIELD_NUMBER: _ClassVar[int]
    CURRENT_VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ROTATION_INTERVAL_HOURS_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_MINUTES_FIELD_NUMBER: _ClassVar[int]
    LAST_ROTATED_AT_FIELD_NUMBER: _ClassVar[int]
    NEXT_ROTATION_AT_FIELD_NUMBER: _ClassVar[int]
    FAILED_ROTATIONS_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REVOKED_AT_FIELD_NUMBER: _ClassVar[int]
    APPROVER_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REMOVAL_PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    path: str
    kind: SecretKind
    owner_service: str
    reader_services: _containers.RepeatedScalarFieldContainer[str]
    current_version_number: int
    rotation_interval_hours: int
    overlap_minutes: int
    last_rotated_at: _timestamp_pb2.Timestamp
    next_rotation_at: _timestamp_pb2.Timestamp
    failed_rotations: int
    incident_number: str
    revoked_at: _timestamp_pb2.Timestamp
    approver_id: str
    status: SecretStatus
    removal_proposed_by: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., path: _Optional[str] = ..., kind: _Optional[_Union[SecretKind, str]] = ..., owner_service: _Optional[str] = ..., reader_services: _Optional[_Iterable[str]] = ..., current_version_number: _Optional[int] = ..., rotation_interval_hours: _Optional[int] = ..., overlap_minutes: _Optional[int] = ..., last_rotated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_rotation_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., failed_rotations: _Optional[int] = ..., incident_number: _Optional[str] = ..., revoked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., approver_id: _Optional[str] = ..., status: _Optional[_Union[SecretStatus, str]] = ..., removal_proposed_by: _Optional[str] = ...) -> None: ...

class CredentialLease(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "secret_id", "holder_spiffe_id", "ttl_seconds", "dynamic_user", "renewed_at", "revoked_at", "holder_pod")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_SPIFFE_ID_FIELD_NUMBER: _ClassVar[int]
    TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DYNAMIC_USER_FIELD_NUMBER: _ClassVar[int]
    RENEWED_AT_FIELD_NUMBER: _ClassVar[int]
    REVOKED_AT_FIELD_NUMBER: _ClassVar[int]
    HOLDER_POD_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    secret_id: str
    holder_spiffe_id: str
    ttl_seconds: int
    dynamic_user: str
    renewed_at: _timestamp_pb2.Timestamp
    revoked_at: _timestamp_pb2.Timestamp
    holder_pod: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., secret_id: _Optional[str] = ..., holder_spiffe_id: _Optional[str] = ..., ttl_seconds: _Optional[int] = ..., dynamic_user: _Optional[str] = ..., renewed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., holder_pod: _Optional[str] = ...) -> None: ...

class RotationRun(_message.Message):
    __slots__ = ("id", "organization_id", "created_at", "updated_at", "version", "secret_id", "strategy", "step", "target_version_number", "verified_readers", "attempts", "started_at", "problem")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    TARGET_VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_READERS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    secret_id: str
    strategy: RotationStrategy
    step: RotationStep
    target_version_number: int
    verified_readers: _containers.RepeatedScalarFieldContainer[str]
    attempts: int
    started_at: _timestamp_pb2.Timestamp
    problem: str
    def __init__(self, id: _Optional[str] = ..., organization_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., secret_id: _Optional[str] = ..., strategy: _Optional[_Union[RotationStrategy, str]] = ..., step: _Optional[_Union[RotationStep, str]] = ..., target_version_number: _Optional[int] = ..., verified_readers: _Optional[_Iterable[str]] = ..., attempts: _Optional[int] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., problem: _Optional[str] = ...) -> None: ...

class CreateSecretRequest(_message.Message):
    __slots__ = ("path", "kind", "owner_service", "reader_services", "rotation_interval_hours", "overlap_minutes", "initial_value")
    PATH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OWNER_SERVICE_FIELD_NUMBER: _ClassVar[int]
    READER_SERVICES_FIELD_NUMBER: _ClassVar[int]
    ROTATION_INTERVAL_HOURS_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_MINUTES_FIELD_NUMBER: _ClassVar[int]
    INITIAL_VALUE_FIELD_NUMBER: _ClassVar[int]
    path: str
    kind: SecretKind
    owner_service: str
    reader_services: _containers.RepeatedScalarFieldContainer[str]
    rotation_interval_hours: int
    overlap_minutes: int
    initial_value: bytes
    def __init__(self, path: _Optional[str] = ..., kind: _Optional[_Union[SecretKind, str]] = ..., owner_service: _Optional[str] = ..., reader_services: _Optional[_Iterable[str]] = ..., rotation_interval_hours: _Optional[int] = ..., overlap_minutes: _Optional[int] = ..., initial_value: _Optional[bytes] = ...) -> None: ...

class CreateSecretResponse(_message.Message):
    __slots__ = ("secret_metadata",)
    SECRET_METADATA_FIELD_NUMBER: _ClassVar[int]
    secret_metadata: SecretMetadata
    def __init__(self, secret_metadata: _Optional[_Union[SecretMetadata, _Mapping]] = ...) -> None: ...

class ActivateSecretRequest(_message.Message):
    __slots__ = ("secret_id",)
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    def __init__(self, secret_id: _Optional[str] = ...) -> None: ...

class ActivateSecretResponse(_message.Message):
    __slots__ = ("secret_metadata",)
    SECRET_METADATA_FIELD_NUMBER: _ClassVar[int]
    secret_metadata: SecretMetadata
    def __init__(self, secret_metadata: _Optional[_Union[SecretMetadata, _Mapping]] = ...) -> None: ...

class GetSecretRequest(_message.Message):
    __slots__ = ("path", "version_number")
    PATH_FIELD_NUMBER: _ClassVar[int]
    VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    path: str
    version_number: int
    def __init__(self, path: _Optional[str] = ..., version_number: _Optional[int] = ...) -> None: ...

class GetSecretResponse(_message.Message):
    __slots__ = ("secret_id", "version_number", "value", "fingerprint", "usable_until")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    USABLE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    version_number: int
    value: bytes
    fingerprint: str
    usable_until: _timestamp_pb2.Timestamp
    def __init__(self, secret_id: _Optional[str] = ..., version_number: _Optional[int] = ..., value: _Optional[bytes] = ..., fingerprint: _Optional[str] = ..., usable_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LeaseCredentialRequest(_message.Message):
    __slots__ = ("path", "ttl_seconds", "holder_pod")
    PATH_FIELD_NUMBER: _ClassVar[int]
    TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    HOLDER_POD_FIELD_NUMBER: _ClassVar[int]
    path: str
    ttl_seconds: int
    holder_pod: str
    def __init__(self, path: _Optional[str] = ..., ttl_seconds: _Optional[int] = ..., holder_pod: _Optional[str] = ...) -> None: ...

class LeaseCredentialResponse(_message.Message):
    __slots__ = ("credential_lease_id", "dynamic_user", "value", "usable_until")
    CREDENTIAL_LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    DYNAMIC_USER_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    USABLE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    credential_lease_id: str
    dynamic_user: str
    value: bytes
    usable_until: _timestamp_pb2.Timestamp
    def __init__(self, credential_lease_id: _Optional[str] = ..., dynamic_user: _Optional[str] = ..., value: _Optional[bytes] = ..., usable_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RenewLeaseRequest(_message.Message):
    __slots__ = ("credential_lease_id", "ttl_seconds")
    CREDENTIAL_LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    credential_lease_id: str
    ttl_seconds: int
    def __init__(self, credential_lease_id: _Optional[str] = ..., ttl_seconds: _Optional[int] = ...) -> None: ...

class RenewLeaseResponse(_message.Message):
    __slots__ = ("credential_lease",)
    CREDENTIAL_LEASE_FIELD_NUMBER: _ClassVar[int]
    credential_lease: CredentialLease
    def __init__(self, credential_lease: _Optional[_Union[CredentialLease, _Mapping]] = ...) -> None: ...

class RevokeLeaseRequest(_message.Message):
    __slots__ = ("credential_lease_id",)
    CREDENTIAL_LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    credential_lease_id: str
    def __init__(self, credential_lease_id: _Optional[str] = ...) -> None: ...

class RevokeLeaseResponse(_message.Message):
    __slots__ = ("credential_lease",)
    CREDENTIAL_LEASE_FIELD_NUMBER: _ClassVar[int]
    credential_lease: CredentialLease
    def __init__(self, credential_lease: _Optional[_Union[CredentialLease, _Mapping]] = ...) -> None: ...

class RotateSecretRequest(_message.Message):
    __slots__ = ("secret_id", "strategy", "cause")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    strategy: RotationStrategy
    cause: str
    def __init__(self, secret_id: _Optional[str] = ..., strategy: _Optional[_Union[RotationStrategy, str]] = ..., cause: _Optional[str] = ...) -> None: ...

class RotateSecretResponse(_message.Message):
    __slots__ = ("secret_metadata",)
    SECRET_METADATA_FIELD_NUMBER: _ClassVar[int]
    secret_metadata: SecretMetadata
    def __init__(self, secret_metadata: _Optional[_Union[SecretMetadata, _Mapping]] = ...) -> None: ...

class ConfirmRotationRequest(_message.Message):
    __slots__ = ("secret_id", "rotation_run_id", "current_version_number", "fingerprint", "previous_valid_until", "next_rotation_at")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    ROTATION_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    CURRENT_VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    NEXT_ROTATION_AT_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    rotation_run_id: str
    current_version_number: int
    fingerprint: str
    previous_valid_until: _timestamp_pb2.Timestamp
    next_rotation_at: _timestamp_pb2.Timestamp
    def __init__(self, secret_id: _Optional[str] = ..., rotation_run_id: _Optional[str] = ..., current_version_number: _Optional[int] = ..., fingerprint: _Optional[str] = ..., previous_valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_rotation_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConfirmRotationResponse(_message.Message):
    __slots__ = ("secret_metadata",)
    SECRET_METADATA_FIELD_NUMBER: _ClassVar[int]
    secret_metadata: SecretMetadata
    def __init__(self, secret_metadata: _Optional[_Union[SecretMetadata, _Mapping]] = ...) -> None: ...

class FailRotationRequest(_message.Message):
    __slots__ = ("secret_id", "rotation_run_id", "step", "failed_rotations", "problem")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    ROTATION_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    FAILED_ROTATIONS_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    rotation_run_id: str
    step: RotationStep
    failed_rotations: int
    problem: str
    def __init__(self, secret_id: _Optional[str] = ..., rotation_run_id: _Optional[str] = ..., step: _Optional[_Union[RotationStep, str]] = ..., failed_rotations: _Optional[int] = ..., problem: _Optional[str] = ...) -> None: ...

class FailRotationResponse(_message.Message):
    __slots__ = ("secret_metadata",)
    SECRET_METADATA_FIELD_NUMBER: _ClassVar[int]
    secret_metadata: SecretMetadata
    def __init__(self, secret_metadata: _Optional[_Union[SecretMetadata, _Mapping]] = ...) -> None: ...

class ProposeSecretRemovalRequest(_message.Message):
    __slots__ = ("secret_id", "incident_number")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    incident_number: str
    def __init__(self, secret_id: _Optional[str] = ..., incident_number: _Optional[str] = ...) -> None: ...

class ProposeSecretRemovalResponse(_message.Message):
    __slots__ = ("secret_metadata",)
    SECRET_METADATA_FIELD_NUMBER: _ClassVar[int]
    secret_metadata: SecretMetadata
    def __init__(self, secret_metadata: _Optional[_Union[SecretMetadata, _Mapping]] = ...) -> None: ...

class RevokeSecretRequest(_message.Message):
    __slots__ = ("secret_id",)
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    def __init__(self, secret_id: _Optional[str] = ...) -> None: ...

class RevokeSecretResponse(_message.Message):
    __slots__ = ("secret_metadata",)
    SECRET_METADATA_FIELD_NUMBER: _ClassVar[int]
    secret_metadata: SecretMetadata
    def __init__(self, secret_metadata: _Optional[_Union[SecretMetadata, _Mapping]] = ...) -> None: ...

class DestroySecretRequest(_message.Message):
    __slots__ = ("secret_id",)
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    def __init__(self, secret_id: _Optional[str] = ...) -> None: ...

class DestroySecretResponse(_message.Message):
    __slots__ = ("secret_metadata",)
    SECRET_METADATA_FIELD_NUMBER: _ClassVar[int]
    secret_metadata: SecretMetadata
    def __init__(self, secret_metadata: _Optional[_Union[SecretMetadata, _Mapping]] = ...) -> None: ...

class EncryptFieldsRequest(_message.Message):
    __slots__ = ("tenant_id", "purpose", "values")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    purpose: DataKeyPurpose
    values: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, tenant_id: _Optional[str] = ..., purpose: _Optional[_Union[DataKeyPurpose, str]] = ..., values: _Optional[_Iterable[bytes]] = ...) -> None: ...

class EncryptFieldsResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[SealedField]
    def __init__(self, items: _Optional[_Iterable[_Union[SealedField, _Mapping]]] = ...) -> None: ...

class DecryptFieldsRequest(_message.Message):
    __slots__ = ("tenant_id", "purpose", "items")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    purpose: DataKeyPurpose
    items: _containers.RepeatedCompositeFieldContainer[SealedField]
    def __init__(self, tenant_id: _Optional[str] = ..., purpose: _Optional[_Union[DataKeyPurpose, str]] = ..., items: _Optional[_Iterable[_Union[SealedField, _Mapping]]] = ...) -> None: ...

class DecryptFieldsResponse(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, values: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ListSecretsRequest(_message.Message):
    __slots__ = ("kind", "owner_service", "status", "sort", "limit", "cursor")
    KIND_FIELD_NUMBER: _ClassVar[int]
    OWNER_SERVICE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    kind: SecretKind
    owner_service: str
    status: SecretStatus
    sort: str
    limit: int
    cursor: str
    def __init__(self, kind: _Optional[_Union[SecretKind, str]] = ..., owner_service: _Optional[str] = ..., status: _Optional[_Union[SecretStatus, str]] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListSecretsResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[SecretMetadata]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[SecretMetadata, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class VerifySecretVersionRequest(_message.Message):
    __slots__ = ("secret_id", "version_number", "fingerprint")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    version_number: int
    fingerprint: str
    def __init__(self, secret_id: _Optional[str] = ..., version_number: _Optional[int] = ..., fingerprint: _Optional[str] = ...) -> None: ...

class VerifySecretVersionResponse(_message.Message):
    __slots__ = ("rotation_run",)
    ROTATION_RUN_FIELD_NUMBER: _ClassVar[int]
    rotation_run: RotationRun
    def __init__(self, rotation_run: _Optional[_Union[RotationRun, _Mapping]] = ...) -> None: ...

class GetRotationStatusRequest(_message.Message):
    __slots__ = ("secret_id",)
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    def __init__(self, secret_id: _Optional[str] = ...) -> None: ...

class GetRotationStatusResponse(_message.Message):
    __slots__ = ("rotation_run",)
    ROTATION_RUN_FIELD_NUMBER: _ClassVar[int]
    rotation_run: RotationRun
    def __init__(self, rotation_run: _Optional[_Union[RotationRun, _Mapping]] = ...) -> None: ...
