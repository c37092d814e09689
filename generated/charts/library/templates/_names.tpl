{{- /* Labels that never change: selectors are immutable in Kubernetes. */ -}}
{{- define "service-library.selector" -}}
app.kubernetes.io/name: {{ .Values.name | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- /* All labels of an object. */ -}}
{{- define "service-library.labels" -}}
{{ include "service-library.selector" . }}
app.kubernetes.io/part-of: {{ .Values.system | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
service.architecture/domain: {{ .Values.domain | quote }}
service.architecture/owner: {{ .Values.owner | quote }}
service.architecture/tier: {{ .Values.tier | quote }}
{{- end -}}

{{- /* The image, by digest where one is given. */ -}}
{{- define "service-library.image" -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" .Values.image.repository .Values.image.digest | quote }}
{{- else -}}
{{ printf "%s:%s" .Values.image.repository .Values.image.tag | quote }}
{{- end -}}
{{- end -}}

{{- /* A probe of the chassis; the argument is a pair of the root context and the check's name. */ -}}
{{- define "service-library.probe" -}}
{{- $root := index . 0 -}}
{{- if eq $root.Values.port.protocol "grpc" -}}
grpc:
  port: {{ $root.Values.port.number }}
  service: {{ index . 1 | quote }}
{{- else -}}
httpGet:
  path: {{ printf "/health/%s" (index . 1) | quote }}
  port: {{ $root.Values.port.protocol | quote }}
{{- end -}}
{{- end -}}
