{{- define "service-library.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Values.name | quote }}
  labels: {{- include "service-library.labels" . | nindent 4 }}
spec:
  revisionHistoryLimit: 5
  selector:
    matchLabels: {{- include "service-library.selector" . | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    metadata:
      labels: {{- include "service-library.labels" . | nindent 8 }}
      {{- if not .Values.metrics.podMonitor.enabled }}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: {{ .Values.metrics.port | quote }}
        prometheus.io/path: {{ .Values.metrics.path | quote }}
      {{- end }}
    spec:
      serviceAccountName: {{ .Values.name | quote }}
      automountServiceAccountToken: false
      # what the service takes for itself, and as much again as ending a process may take
      terminationGracePeriodSeconds: {{ add .Values.shutdown.drainSeconds .Values.shutdown.graceSeconds 5 }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile:
          type: RuntimeDefault
      {{- with .Values.placement.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "service-library.selector" . | nindent 14 }}
      {{- if .Values.migration.enabled }}
      initContainers:
        - name: migrate
          image: {{ include "service-library.image" . }}
          imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
          args: ["migrate"]
          env: {{- include "service-library.environment" . | nindent 12 }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
          securityContext: {{- include "service-library.unprivileged" . | nindent 12 }}
          volumeMounts: {{- include "service-library.mounts" . | nindent 12 }}
      {{- end }}
      containers:
        - name: service
          image: {{ include "service-library.image" . }}
          imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
          ports:
            - name: {{ .Values.port.protocol | quote }}
              containerPort: {{ .Values.port.number }}
              protocol: TCP
            {{- if ne .Values.metrics.port .Values.port.number }}
            - name: {{ include "service-library.scraped" . | quote }}
              containerPort: {{ .Values.metrics.port }}
              protocol: TCP
            {{- end }}
          env: {{- include "service-library.environment" . | nindent 12 }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
          securityContext: {{- include "service-library.unprivileged" . | nindent 12 }}
          startupProbe:
            {{- include "service-library.probe" (list . "started") | nindent 12 }}
            periodSeconds: 2
            failureThreshold: 30
          livenessProbe:
            {{- include "service-library.probe" (list . "live") | nindent 12 }}
            periodSeconds: 10
            timeoutSeconds: 2
            failureThreshold: 3
          readinessProbe:
            {{- include "service-library.probe" (list . "ready") | nindent 12 }}
            periodSeconds: 5
            timeoutSeconds: 2
            failureThreshold: 2
          volumeMounts: {{- include "service-library.mounts" . | nindent 12 }}
      volumes: {{- include "service-library.volumes" . | nindent 8 }}
{{- end -}}

{{- define "service-library.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Values.name | quote }}
  labels: {{- include "service-library.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  selector: {{- include "service-library.selector" . | nindent 4 }}
  ports:
    - name: {{ .Values.port.protocol | quote }}
      port: {{ .Values.port.number }}
      targetPort: {{ .Values.port.protocol | quote }}
      protocol: TCP
      appProtocol: {{ .Values.port.protocol | quote }}
{{- end -}}

{{- define "service-library.serviceaccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .Values.name | quote }}
  labels: {{- include "service-library.labels" . | nindent 4 }}
automountServiceAccountToken: false
{{- end -}}
