{{/* The volume with the clients' CAs: the driver's own has them beside the certificate. */}}
{{- define "mantlet.trustVolume" -}}
{{- if and (eq .Values.mantlet.certificate.source "certManagerCsi") (eq .Values.mantlet.trust.source "certificate") -}}
mantlet-tls
{{- else -}}
mantlet-trust
{{- end -}}
{{- end -}}

{{/* Items for volumes. */}}
{{- define "mantlet.volumes" -}}
- name: mantlet-config
  configMap:
    name: {{ .Release.Name }}-mantlet-config
- name: mantlet-run
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{ include "mantlet.certificateVolume" . }}
{{- if eq .Values.mantlet.certificate.source "spiffe" }}
- name: spiffe-workload-api
  csi:
    driver: csi.spiffe.io
    readOnly: true
- name: spiffe-helper
  configMap:
    name: {{ .Release.Name }}-spiffe-helper
{{- else if eq (include "mantlet.trustVolume" .) "mantlet-trust" }}
{{ include "mantlet.trustVolumeItem" . }}
{{- end }}
{{- end -}}

{{- define "mantlet.certificateVolume" -}}
{{- $c := .Values.mantlet.certificate -}}
- name: mantlet-tls
{{- if or (eq $c.source "secret") (eq $c.source "certManager") }}
  secret:
    secretName: {{ required "mantlet.certificate.secretName is missing" $c.secretName }}
    {{- if .Values.mantlet.fsGroup }}
    defaultMode: 0440
    {{- end }}
    items:
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
{{- else if eq $c.source "certManagerCsi" }}
  csi:
    driver: csi.cert-manager.io
    readOnly: true
    volumeAttributes:
      csi.cert-manager.io/issuer-name: {{ required "mantlet.certificate.issuer.name is missing" $c.issuer.name | quote }}
      csi.cert-manager.io/issuer-kind: {{ $c.issuer.kind | quote }}
      {{- if ne $c.issuer.group "cert-manager.io" }}
      csi.cert-manager.io/issuer-group: {{ $c.issuer.group | quote }}
      {{- end }}
      csi.cert-manager.io/dns-names: {{ join "," (required "mantlet.certificate.dnsNames is missing" (default nil $c.dnsNames)) | quote }}
      csi.cert-manager.io/key-usages: digital signature,server auth
      csi.cert-manager.io/duration: {{ default "24h" $c.duration }}
      {{- if $c.renewBefore }}
      csi.cert-manager.io/renew-before: {{ $c.renewBefore }}
      {{- end }}
      csi.cert-manager.io/fs-group: "65532"
{{- else if eq $c.source "podCertificate" }}
  projected:
    {{- if .Values.mantlet.fsGroup }}
    defaultMode: 0440
    {{- end }}
    sources:
      - podCertificate:
          signerName: {{ required "mantlet.certificate.signerName is missing" $c.signerName }}
          keyType: ECDSAP256
          maxExpirationSeconds: 86400
          credentialBundlePath: bundle.pem
{{- else }}
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{- end }}
{{- end -}}

{{- define "mantlet.trustVolumeItem" -}}
{{- $t := .Values.mantlet.trust -}}
{{- $source := $t.source -}}
{{- $name := $t.name -}}
{{- if eq $source "certificate" -}}
{{- if eq .Values.mantlet.certificate.source "podCertificate" -}}
{{- fail "a podCertificate volume has no ca.crt: set mantlet.trust.source" -}}
{{- end -}}
{{- $source = "secret" -}}
{{- $name = .Values.mantlet.certificate.secretName -}}
{{- end -}}
- name: mantlet-trust
{{- if eq $source "secret" }}
  secret:
    secretName: {{ required "mantlet.trust.name is missing" $name }}
    items:
      - {key: ca.crt, path: ca.crt}
{{- else if eq $source "clusterTrustBundle" }}
  projected:
    sources:
      - clusterTrustBundle:
          signerName: {{ required "mantlet.trust.signerName is missing" $t.signerName }}
          labelSelector: {}
          path: ca.crt
{{- else }}
  configMap:
    name: {{ required "mantlet.trust.name is missing" $name }}
{{- end }}
{{- end -}}
