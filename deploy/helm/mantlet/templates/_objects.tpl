{{/* Every object that the sidecar needs besides the pod, as documents. */}}
{{- define "mantlet.objects" -}}
{{- $v := .Values.mantlet -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-mantlet-config
data:
  mantlet.yaml: |
    {{- include "mantlet.config" . | nindent 4 }}
{{- if eq $v.certificate.source "spiffe" }}
---
{{ include "mantlet.spiffeHelperConfig" . }}
{{- else if eq $v.certificate.source "certManager" }}
---
{{ include "mantlet.certificate" . }}
{{- end }}
{{- if eq $v.trust.source "trustManager" }}
---
apiVersion: trust.cert-manager.io/v1alpha1
kind: Bundle
metadata:
  name: {{ required "mantlet.trust.name is missing" $v.trust.name }}
spec:
  sources:
    {{- toYaml (required "mantlet.trust.sources is missing" (default nil $v.trust.sources)) | nindent 4 }}
  target:
    configMap:
      key: ca.crt
{{- end }}
{{- if ne $v.monitoring "annotations" }}
{{- include "mantlet.monitor" . }}
{{- end }}
{{- if $v.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .Release.Name }}-mantlet
spec:
  podSelector:
    matchLabels:
      {{- include "mantlet.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    - ports:
        - port: https
    - from:
        {{- toYaml $v.networkPolicy.metricsFrom | nindent 8 }}
      ports:
        - port: metrics
{{- end }}
{{- if $v.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .Release.Name }}-mantlet
spec:
  maxUnavailable: {{ $v.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "mantlet.selectorLabels" . | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "mantlet.selectorLabels" -}}
{{- toYaml (required "mantlet.selectorLabels is missing: the labels of the pods" (default nil .Values.mantlet.selectorLabels)) -}}
{{- end -}}

{{- define "mantlet.certificate" -}}
{{- $c := .Values.mantlet.certificate -}}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ $c.secretName }}
spec:
  secretName: {{ $c.secretName }}
  dnsNames:
    {{- toYaml (required "mantlet.certificate.dnsNames is missing" (default nil $c.dnsNames)) | nindent 4 }}
  duration: {{ default "2160h" $c.duration }}
  renewBefore: {{ default "720h" $c.renewBefore }}
  privateKey:
    algorithm: ECDSA
    size: 256
    rotationPolicy: Always
  usages:
    - digital signature
    - server auth
  issuerRef:
    group: {{ $c.issuer.group }}
    kind: {{ $c.issuer.kind }}
    name: {{ required "mantlet.certificate.issuer.name is missing" $c.issuer.name }}
{{- end -}}

{{- define "mantlet.monitor" -}}
{{- if eq .Values.mantlet.monitoring "podMonitor" }}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ .Release.Name }}-mantlet
spec:
  selector:
    matchLabels:
      {{- include "mantlet.selectorLabels" . | nindent 6 }}
  podMetricsEndpoints:
    - port: metrics
      path: /metrics
      interval: 30s
{{- else if eq .Values.mantlet.monitoring "serviceMonitor" }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-metrics
  labels:
    {{- include "mantlet.selectorLabels" . | nindent 4 }}
    app.kubernetes.io/component: metrics
spec:
  clusterIP: None
  # A pod that is not ready is the one whose metrics are of interest.
  publishNotReadyAddresses: true
  selector:
    {{- include "mantlet.selectorLabels" . | nindent 4 }}
  ports:
    - name: metrics
      port: {{ .Values.mantlet.metricsPort }}
      targetPort: metrics
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ .Release.Name }}-mantlet
spec:
  selector:
    matchLabels:
      {{- include "mantlet.selectorLabels" . | nindent 6 }}
      app.kubernetes.io/component: metrics
  endpoints:
    - port: metrics
      path: /metrics
      interval: 30s
{{- end }}
{{- end -}}

{{- define "mantlet.spiffeHelperConfig" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-spiffe-helper
data:
  helper.conf: |
    agent_address = "/spiffe-workload-api/spire-agent.sock"
    cert_dir = "/certificates"
    daemon_mode = true
    svid_file_name = "tls.crt"
    svid_key_file_name = "tls.key"
    svid_bundle_file_name = "ca.crt"
    cert_file_mode = 0644
    key_file_mode = 0600
    health_checks {
      listener_enabled = true
      bind_port = 8081
      liveness_path = "/live"
      readiness_path = "/ready"
    }
{{- end -}}
