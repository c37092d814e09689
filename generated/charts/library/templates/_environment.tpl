{{- /*
What the service is told: settings of the chassis as variables, secrets by reference alone. What
`settings` and `secrets` name comes last, so that a service can be told otherwise.
*/ -}}
{{- define "service-library.environment" -}}
{{- $said := dict
  "CHASSIS_ENVIRONMENT" .Values.environment
  "CHASSIS_REGION" .Values.cluster.region
  "CHASSIS_HOST" "0.0.0.0"
  "CHASSIS_PORT" .Values.port.number
  "CHASSIS_STATE_DIR" "/state"
  "CHASSIS_JWKS_URL" .Values.cluster.issuerKeys
  "CHASSIS_WORKLOAD_ISSUER" .Values.cluster.workloadIssuer
  "CHASSIS_WORKLOAD_JWKS_URL" .Values.cluster.workloadKeys
  "CHASSIS_WORKLOAD_NAMESPACES" (toJson .Values.workloads.namespaces)
  "CHASSIS_TRUSTED_PROXIES" (toJson .Values.network.proxyNetworks)
  "CHASSIS_PEERS" (toJson .Values.peers)
  "CHASSIS_FIELD_KEY_FILE" "/keys/fields"
  "CHASSIS_INDEX_KEY_FILE" "/keys/own/index.key"
  "CHASSIS_CURSOR_KEY_FILE" "/keys/own/cursor.key"
  "CHASSIS_AUDIT_KEY_FILE" "/keys/own/audit.key"
  "CHASSIS_DRAIN_PAUSE" .Values.shutdown.drainSeconds
  "CHASSIS_SHUTDOWN_GRACE" .Values.shutdown.graceSeconds
-}}
{{- if ne .Values.metrics.port .Values.port.number }}
{{- $_ := set $said "CHASSIS_METRICS_PORT" .Values.metrics.port }}
{{- end }}
{{- if .Values.bus }}
{{- $_ := set $said "CHASSIS_BUS" .Values.bus }}
{{- end }}
{{- if .Values.keys.queues }}
{{- $_ := set $said "CHASSIS_QUEUE_KEY_FILE" "/keys/queues" }}
{{- end }}
{{- if .Values.registration }}
{{- $facts := dict }}
{{- range $fact, $field := .Values.registration }}
{{- $_ := set $facts $fact (printf "$(FACT_%s)" (upper $fact)) }}
{{- /* before what names it: Kubernetes fills in what it has read */}}
- name: {{ printf "FACT_%s" (upper $fact) | quote }}
  valueFrom:
    fieldRef:
      fieldPath: {{ $field | quote }}
{{- end }}
{{- $_ := set $said "CHASSIS_REGISTRATION" (toJson $facts) }}
{{- end }}
{{- if .Values.workloads.audiences }}
{{- $_ := set $said "CHASSIS_WORKLOAD_TOKEN_FILE" "/tokens" }}
{{- end }}
{{- with .Values.cluster.collector }}
{{- $_ := set $said "CHASSIS_TELEMETRY" "otlp" }}
{{- $_ := set $said "CHASSIS_TELEMETRY_ENDPOINT" . }}
{{- end }}
{{- range $key, $value := .Values.settings }}
{{- $_ := set $said $key $value }}
{{- end }}
{{- range $key, $value := $said }}
{{- if not (hasKey $.Values.secrets $key) }}
- name: {{ $key | quote }}
  {{- /* a large number is quoted as JSON has it, not with an exponent */}}
  value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- end }}
{{- range $key, $secret := .Values.secrets }}
- name: {{ $key | quote }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret.name | quote }}
      key: {{ $secret.key | quote }}
{{- end }}
{{- end -}}

{{- /* Where the container may write, and where its keys and its tokens for callees lie. */ -}}
{{- define "service-library.mounts" -}}
- name: state
  mountPath: /state
- name: temporary
  mountPath: /tmp
- name: field-keys
  mountPath: /keys/fields
  readOnly: true
- name: own-keys
  mountPath: /keys/own
  readOnly: true
{{- if .Values.keys.queues }}
- name: queue-keys
  mountPath: /keys/queues
  readOnly: true
{{- end }}
{{- if .Values.workloads.audiences }}
- name: tokens
  mountPath: /tokens
  readOnly: true
{{- end }}
{{- end -}}

{{- define "service-library.volumes" -}}
- name: state
  emptyDir:
    sizeLimit: 64Mi
- name: temporary
  emptyDir:
    sizeLimit: 64Mi
- name: field-keys
  secret:
    secretName: {{ .Values.keys.fields | quote }}
    defaultMode: 0440
- name: own-keys
  secret:
    secretName: {{ .Values.keys.own | quote }}
    defaultMode: 0440
    items:
      - key: index.key
        path: index.key
      - key: cursor.key
        path: cursor.key
      - key: audit.key
        path: audit.key
{{- if .Values.keys.queues }}
- name: queue-keys
  secret:
    secretName: {{ .Values.keys.queues | quote }}
    defaultMode: 0440
{{- end }}
{{- if .Values.workloads.audiences }}
- name: tokens
  projected:
    defaultMode: 0440
    sources:
      {{- range .Values.workloads.audiences }}
      - serviceAccountToken:
          audience: {{ . | quote }}
          expirationSeconds: 3600
          path: {{ . | quote }}
      {{- end }}
{{- end }}
{{- end -}}

{{- define "service-library.unprivileged" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end -}}
