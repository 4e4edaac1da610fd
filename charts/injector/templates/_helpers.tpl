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

{{- define "injector.catalog" -}}
{{ if .Values.catalog }}/configuration{{ end }}/catalog.json
{{- end -}}

{{/* Of every Pod: where it may run, and how it gets its image. */}}
{{- define "injector.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - {name: {{ . }}}
  {{- end }}
{{- end }}
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

{{/* Of what exists while helm test runs. */}}
{{- define "injector.hook" -}}
helm.sh/hook: test
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* A token that only who mounts it has, where clients look for it. */}}
{{- define "injector.token" -}}
projected:
  sources:
    - serviceAccountToken: {path: token, expirationSeconds: 3600}
    - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
{{- end -}}

{{/* Variables of the default profile. An agent by DD_AGENT_HOST, for DD_TRACE_AGENT_URL would win over a host that a
Pod says itself. */}}
{{- define "injector.variables" -}}
{{- $agent := .Values.agentHost -}}
{{- $host := $agent | default "$(INJECTOR_AGENT_HOST)" -}}
{{- if contains ":" $host }}{{ $host = printf "[%s]" $host }}{{ end -}}
- name: DD_AGENT_HOST
  vocabulary: datadog
  {{- if $agent }}
  value: {{ $agent | quote }}
  {{- else }}
  valueFrom: {fieldRef: {fieldPath: status.hostIP}}
  {{- end }}
{{- if ne (int .Values.agentPort) 8126 }}
- name: DD_TRACE_AGENT_PORT
  vocabulary: datadog
  value: {{ .Values.agentPort | quote }}
{{- end }}
# seconds; while an agent does not answer, a JVM's main waits several times that long
- name: DD_TRACE_AGENT_TIMEOUT
  vocabulary: datadog
  value: "2"
{{- if not (or $agent .Values.otlpEndpoint) }}
- name: INJECTOR_AGENT_HOST
  vocabulary: opentelemetry
  valueFrom: {fieldRef: {fieldPath: status.hostIP}}
{{- end }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  vocabulary: opentelemetry
  value: {{ .Values.otlpEndpoint | default (printf "http://%s:4318" $host) | quote }}
# traces alone
- name: OTEL_METRICS_EXPORTER
  vocabulary: opentelemetry
  value: none
- name: OTEL_LOGS_EXPORTER
  vocabulary: opentelemetry
  value: none
{{- end -}}

{{/* The rules, as the configuration has them; each is an entry of the webhook's. */}}
{{- define "injector.rules" -}}
{{- $rules := .Values.rules -}}
{{- if .Values.sidecars -}}
  {{- $privileged := dict "matchLabels" (dict "pod-security.kubernetes.io/enforce" "privileged") -}}
  {{- $rule := dict "name" "sidecars" "profile" "default" "sidecars" true "namespaceSelector" $privileged -}}
  {{- with .Values.sidecarResources }}{{ $_ := set $rule "sidecarResources" . }}{{ end -}}
  {{- $rules = append $rules $rule -}}
{{- end -}}
{{ $rules | toYaml }}
{{- end -}}

{{- define "injector.configuration" -}}
{{- $rules := include "injector.rules" . | fromYamlArray -}}
{{- $made := dict "namespace" .Release.Namespace "profiles" (dict "default" (dict "variables" (include "injector.variables" . | fromYamlArray))) -}}
{{- if $rules }}{{ $_ := set $made "rules" $rules }}{{ end -}}
{{- with .Values.registry }}{{ $_ := set $made "registry" (trimSuffix "/" .) }}{{ end -}}
{{ mergeOverwrite $made (deepCopy .Values.configuration) | toYaml }}
{{- end -}}
