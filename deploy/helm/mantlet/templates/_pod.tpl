{{/* Items for initContainers, to be put after those of the application that need no network. */}}
{{- define "mantlet.initContainers" -}}
{{- if eq .Values.mantlet.certificate.source "spiffe" }}
{{ include "mantlet.spiffeHelper" . }}
{{- end }}
{{- if eq .Values.mantlet.sidecar "native" }}
{{ include "mantlet.container" . }}
{{- end }}
{{- end -}}

{{/* Items for containers: with `sidecar: classic` only. */}}
{{- define "mantlet.containers" -}}
{{- if eq .Values.mantlet.sidecar "classic" }}
{{ include "mantlet.container" . }}
{{- end }}
{{- end -}}

{{/* Annotations of the pod. */}}
{{- define "mantlet.podAnnotations" -}}
{{- if eq .Values.mantlet.monitoring "annotations" -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .Values.mantlet.metricsPort | quote }}
prometheus.io/path: /metrics
{{- end -}}
{{- end -}}

{{- define "mantlet.securityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "mantlet.container" -}}
{{- $v := .Values.mantlet -}}
- name: mantlet
  image: {{ printf "%s:%s" $v.image.repository $v.image.tag | quote }}
  imagePullPolicy: {{ $v.image.pullPolicy }}
  {{- if eq $v.sidecar "native" }}
  restartPolicy: Always
  {{- end }}
  lifecycle:
    preStop:
      exec:
        command: [/usr/bin/mantlet, drain, --config, /etc/mantlet/config/mantlet.yaml, --after, {{ $v.endpointSeconds | quote }}]
  args: [run, --config, /etc/mantlet/config/mantlet.yaml]
  ports:
    - name: https
      containerPort: {{ $v.port }}
    - name: metrics
      containerPort: {{ $v.metricsPort }}
  startupProbe:
    httpGet:
      path: /readyz
      port: metrics
    periodSeconds: 1
    failureThreshold: 30
  readinessProbe:
    httpGet:
      path: /readyz
      port: metrics
    periodSeconds: 5
  livenessProbe:
    httpGet:
      path: /healthz
      port: metrics
    periodSeconds: 10
    failureThreshold: 3
  resources:
    {{- toYaml $v.resources | nindent 4 }}
  securityContext:
    {{- include "mantlet.securityContext" . | nindent 4 }}
  volumeMounts:
    - name: mantlet-config
      mountPath: /etc/mantlet/config
      readOnly: true
    - name: mantlet-tls
      mountPath: /etc/mantlet/tls
      readOnly: true
    {{- if ne $v.certificate.source "spiffe" }}
    - name: {{ include "mantlet.trustVolume" . }}
      mountPath: /etc/mantlet/trust
      readOnly: true
    {{- end }}
    - name: mantlet-run
      mountPath: /run/mantlet
{{- end -}}

{{- define "mantlet.spiffeHelper" -}}
- name: spiffe-helper
  image: {{ .Values.mantlet.spiffe.image | quote }}
  restartPolicy: Always
  args: [-config, /etc/spiffe-helper/helper.conf]
  startupProbe:
    httpGet:
      path: /ready
      port: 8081
    periodSeconds: 1
    failureThreshold: 60
  livenessProbe:
    httpGet:
      path: /live
      port: 8081
  resources:
    requests:
      cpu: 10m
      memory: 16Mi
    limits:
      memory: 64Mi
  securityContext:
    {{- include "mantlet.securityContext" . | nindent 4 }}
  volumeMounts:
    - name: spiffe-helper
      mountPath: /etc/spiffe-helper
      readOnly: true
    - name: spiffe-workload-api
      mountPath: /spiffe-workload-api
      readOnly: true
    - name: mantlet-tls
      mountPath: /certificates
{{- end -}}
