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
    spec:
      serviceAccountName: {{ .Values.name | quote }}
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: {{ .Values.shutdown.graceSeconds }}
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
      containers:
        - name: service
          image: {{ include "service-library.image" . }}
          imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
          ports:
            - name: {{ .Values.port.protocol | quote }}
              containerPort: {{ .Values.port.number }}
              protocol: TCP
          env:
            - name: CHASSIS_HOST
              value: "0.0.0.0"
            - name: CHASSIS_PORT
              value: {{ .Values.port.number | quote }}
            - name: CHASSIS_STATE_DIR
              value: /state
            {{- range $key, $value := .Values.settings }}
            - name: {{ $key | quote }}
              value: {{ $value | quote }}
            {{- end }}
            {{- range $key, $secret := .Values.secrets }}
            - name: {{ $key | quote }}
              valueFrom:
                secretKeyRef:
                  name: {{ $secret.name | quote }}
                  key: {{ $secret.key | quote }}
            {{- end }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: ["ALL"]
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
          volumeMounts:
            - name: state
              mountPath: /state
            - name: temporary
              mountPath: /tmp
      volumes:
        - name: state
          emptyDir:
            sizeLimit: 64Mi
        - name: temporary
          emptyDir:
            sizeLimit: 64Mi
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
