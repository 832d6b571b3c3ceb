{{/* mantlet.yaml, from the values. */}}
{{- define "mantlet.config" -}}
{{- $v := .Values.mantlet -}}
{{- $certificate := dict "chain" "/etc/mantlet/tls/tls.crt" "key" "/etc/mantlet/tls/tls.key" -}}
{{- if eq $v.certificate.source "podCertificate" -}}
{{- $certificate = dict "bundle" "/etc/mantlet/tls/bundle.pem" -}}
{{- end -}}
{{- $clients := dict "mode" $v.clientAuth -}}
{{- if eq $v.clientAuth "none" -}}
{{- else if eq $v.certificate.source "spiffe" -}}
{{- $domain := dict "name" (required "mantlet.spiffe.trustDomain is missing" $v.spiffe.trustDomain) "bundle" (list "/etc/mantlet/tls/ca.crt") -}}
{{- $_ := set $clients "spiffe" (dict "trust_domains" (list $domain)) -}}
{{- else -}}
{{- $_ := set $clients "trust_bundle" (list "/etc/mantlet/trust/ca.crt") -}}
{{- end -}}
{{- $listener := dict "name" "public" "address" (printf "0.0.0.0:%d" (int $v.port)) "upstream" "app"
      "tls" (dict "certificates" (list $certificate)) "client_auth" $clients -}}
{{- $forward := list -}}
{{- range $v.probePaths -}}
{{- $forward = append $forward (dict "path" . "upstream" "app") -}}
{{- end -}}
{{- $config := dict
      "listeners" (list $listener)
      "upstreams" (list (dict "name" "app" "address" $v.upstream))
      "metrics" (dict "address" (printf "0.0.0.0:%d" (int $v.metricsPort)) "forward" $forward)
      "admin" (dict "address" "unix:/run/mantlet/admin.sock")
      "shutdown" (dict "drain" (printf "%ds" (int $v.drainSeconds))) -}}
{{- toYaml (mustMergeOverwrite $config (deepCopy $v.config)) -}}
{{- end -}}

{{/* Seconds for the application's preStop: `sleep` of this many. */}}
{{- define "mantlet.preStopSeconds" -}}
{{- $v := .Values.mantlet -}}
{{- if eq $v.sidecar "native" -}}
{{- /* Until clients that keep a connection have left. */ -}}
{{- add $v.endpointSeconds 3 -}}
{{- else -}}
{{- /* All containers are stopped at once: until mantlet has drained. */ -}}
{{- add $v.endpointSeconds $v.drainSeconds 2 -}}
{{- end -}}
{{- end -}}

{{/* The pod's terminationGracePeriodSeconds. */}}
{{- define "mantlet.terminationGracePeriodSeconds" -}}
{{- $v := .Values.mantlet -}}
{{- add $v.endpointSeconds $v.drainSeconds $v.applicationSeconds 5 -}}
{{- end -}}
