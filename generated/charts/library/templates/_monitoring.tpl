{{- /* The name of the port that is scraped. */ -}}
{{- define "service-library.scraped" -}}
{{ eq .Values.metrics.port .Values.port.number | ternary .Values.port.protocol "metrics" }}
{{- end -}}

{{- /* The port of the collector's URL, or its scheme's. */ -}}
{{- define "service-library.collectorport" -}}
{{- $url := urlParse .Values.cluster.collector -}}
{{- $named := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{ $named | default (eq $url.scheme "https" | ternary "443" "80") }}
{{- end -}}

{{- /*
Tells Prometheus' operator what to scrape. Pods, as a ServiceMonitor would put the Service's name in
the place of the series' own label `service`, and has no port for the metrics of a gRPC service.
*/ -}}
{{- define "service-library.podmonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ .Values.name | quote }}
  labels:
    {{- include "service-library.labels" . | nindent 4 }}
    {{- range $key, $value := .Values.metrics.podMonitor.labels }}
    {{ $key | quote }}: {{ $value | quote }}
    {{- end }}
spec:
  selector:
    matchLabels: {{- include "service-library.selector" . | nindent 6 }}
  podMetricsEndpoints:
    - port: {{ include "service-library.scraped" . | quote }}
      path: {{ .Values.metrics.path | quote }}
      interval: {{ .Values.metrics.podMonitor.interval | quote }}
{{- end -}}
