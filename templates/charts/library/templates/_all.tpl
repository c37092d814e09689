{{- /* Everything that a service needs in its namespace. */ -}}
{{- define "service-library.all" -}}
{{ include "service-library.serviceaccount" . }}
---
{{ include "service-library.deployment" . }}
---
{{ include "service-library.service" . }}
---
{{ include "service-library.autoscaler" . }}
---
{{ include "service-library.disruption" . }}
---
{{ include "service-library.network" . }}
{{- if .Values.metrics.podMonitor.enabled }}
---
{{ include "service-library.podmonitor" . }}
{{- end }}
{{- end -}}
