{{- /*
Only the callers of the model, the gateway and who measures come in; only its callees, its stores
and brokers, the collector of telemetry, those who publish keys and DNS are reached.
*/ -}}
{{- define "service-library.network" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .Values.name | quote }}
  labels: {{- include "service-library.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "service-library.selector" . | nindent 6 }}
  policyTypes: ["Ingress", "Egress"]
  ingress:
    {{- if or .Values.network.callers .Values.network.gatewayNamespace .Values.network.monitoringNamespace }}
    - from:
        {{- range .Values.network.callers }}
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: {{ . | quote }}
        {{- end }}
        {{- with .Values.network.gatewayNamespace }}
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ . | quote }}
        {{- end }}
        {{- with .Values.network.monitoringNamespace }}
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ . | quote }}
        {{- end }}
      ports:
        - port: {{ .Values.port.number }}
          protocol: TCP
    {{- if and .Values.network.monitoringNamespace (ne .Values.metrics.port .Values.port.number) }}
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ .Values.network.monitoringNamespace | quote }}
      ports:
        - port: {{ .Values.metrics.port }}
          protocol: TCP
    {{- end }}
    {{- else }}
    []
    {{- end }}
  egress:
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
      ports:
        - port: 53
          protocol: UDP
        - port: 53
          protocol: TCP
    {{- if and .Values.network.monitoringNamespace .Values.cluster.collector }}
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ .Values.network.monitoringNamespace | quote }}
      ports:
        - port: {{ include "service-library.collectorport" . }}
          protocol: TCP
    {{- end }}
    - to:
        {{- range .Values.cluster.keyNetworks }}
        - ipBlock:
            cidr: {{ . | quote }}
        {{- end }}
      ports:
        - port: 443
          protocol: TCP
    {{- range .Values.network.callees }}
    - to:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: {{ .name | quote }}
      ports:
        - port: {{ .port }}
          protocol: TCP
    {{- end }}
    {{- if .Values.network.storePorts }}
    - to:
        {{- range .Values.network.storeNetworks }}
        - ipBlock:
            cidr: {{ . | quote }}
        {{- end }}
      ports:
        {{- range .Values.network.storePorts }}
        - port: {{ . }}
          protocol: TCP
        {{- end }}
    {{- end }}
{{- end -}}
