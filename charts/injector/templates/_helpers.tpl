{{- define "injector.name" -}}
{{- $name := ternary .Release.Name (printf "%s-injector" .Release.Name) (contains "injector" .Release.Name) -}}
{{- $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "injector.selector" -}}
app.kubernetes.io/name: injector
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "injector.labels" -}}
{{ include "injector.selector" . }}
app.kubernetes.io/component: webhook
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "injector.image" -}}
{{- $name := .Values.image.name -}}
{{- with .Values.registry }}{{ $name = printf "%s/%s" (trimSuffix "/" .) $name }}{{ end -}}
{{- if .Values.image.digest -}}
{{ $name }}@{{ .Values.image.digest }}
{{- else -}}
{{ $name }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Where the server's certificate comes from: a Secret, unless a container of the Pod keeps it. */}}
{{- define "injector.secret" -}}
{{- if eq .Values.certificates "existing" -}}
{{ required "certificates: existing needs certificateSecret, the name of a Secret with tls.crt and tls.key" .Values.certificateSecret }}
{{- else -}}
{{ include "injector.name" . }}-certificate
{{- end -}}
{{- end -}}

{{/* As the restricted Pod Security Standard wants it, and nothing written. */}}
{{- define "injector.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "injector.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* A token that only who mounts it has, where clients look for it. */}}
{{- define "injector.token" -}}
projected:
  sources:
    - serviceAccountToken: {path: token, expirationSeconds: 3600}
    - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
{{- end -}}

{{/* Variables of the default profile. An agent by DD_AGENT_HOST, for DD_TRACE_AGENT_URL would win over a host that a
Pod says itself. References go to a name of ours alone: a Pod that has DD_AGENT_HOST has it behind these. */}}
{{- define "injector.variables" -}}
{{- $agent := .Values.agentHost -}}
{{- $host := $agent -}}
{{- if not $agent -}}
  {{- $host = "$(INJECTOR_AGENT_HOST)" -}}
{{- else if contains ":" $agent -}}
  {{- $host = printf "[%s]" $agent -}}
{{- end -}}
{{- if $agent }}
- {name: DD_AGENT_HOST, value: {{ $agent | quote }}}
{{- else }}
- {name: INJECTOR_AGENT_HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
- {name: DD_AGENT_HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
{{- end }}
{{- if ne (int .Values.agentPort) 8126 }}
- {name: DD_TRACE_AGENT_PORT, value: {{ .Values.agentPort | quote }}}
{{- end }}
- {name: DD_TRACE_AGENT_TIMEOUT, value: "2"}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ .Values.otlpEndpoint | default (printf "http://%s:4318" $host) | quote }}}
{{- end -}}

{{- define "injector.configuration" -}}
{{- $rules := list -}}
{{- range .Values.rules }}{{ $rules = append $rules (pick . "name" "profile") }}{{ end -}}
{{- $made := dict "namespace" .Release.Namespace "profiles" (dict "default" (dict "variables" (include "injector.variables" . | fromYamlArray))) -}}
{{- if $rules }}{{ $_ := set $made "rules" $rules }}{{ end -}}
{{- with .Values.registry }}{{ $_ := set $made "registry" (trimSuffix "/" .) }}{{ end -}}
{{ mergeOverwrite $made (deepCopy .Values.configuration) | toYaml }}
{{- end -}}
