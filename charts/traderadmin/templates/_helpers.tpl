{{/*
The string that it is given, made fit for a label value: at most 63 characters, no "+" (which versions may have), and
alphanumeric at both ends.
*/}}
{{- define "traderadmin.labelValue" -}}
{{- . | replace "+" "_" | trunc 63 | trimAll "-_." -}}
{{- end }}

{{/*
Labels that tell one component's pods from all others. A Deployment's selector can never change, so nothing is here that
differs between versions of the chart. Takes a dict: root, the chart's root context; component, the component's name.
*/}}
{{- define "traderadmin.selectorLabels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/*
Labels of every object. Pods bear only the selector labels, because a new chart version alone must not restart them.
Takes the same dict as traderadmin.selectorLabels.
*/}}
{{- define "traderadmin.labels" -}}
helm.sh/chart: {{ include "traderadmin.labelValue" (printf "%s-%s" .root.Chart.Name .root.Chart.Version) | quote }}
{{ include "traderadmin.selectorLabels" . }}
app.kubernetes.io/version: {{ include "traderadmin.labelValue" .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ .root.Chart.Name | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service | quote }}
{{- end }}

{{/*
config.yaml, as python-orch reads it. The ConfigMap and the pods' checksum both take it from here, so that they agree.
Helm's --set makes a string of a number with a decimal point; float64 makes it a number again.
*/}}
{{- define "traderadmin.pythonConfig" -}}
{{- $config := deepCopy .Values.config.python -}}
{{- range $key := list "iv_threshold" "min_reward_risk" -}}
{{- $_ := set $config.strategy $key (get $config.strategy $key | float64) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/*
config.json, as go-scanner reads it, made like config.yaml.
*/}}
{{- define "traderadmin.scannerConfig" -}}
{{- $config := deepCopy .Values.config.scanner -}}
{{- $_ := set $config "iv_threshold" (float64 $config.iv_threshold) -}}
{{- toJson $config -}}
{{- end }}

{{/*
Environment that tells a service where Redis is. It is one variable with host and port, and not REDIS_PORT, because
Kubernetes itself sets REDIS_PORT, to a URL, in every pod of a namespace that has a Service called redis.
*/}}
{{- define "traderadmin.redisEnv" -}}
- name: REDIS_ADDR
  value: {{ printf "redis:%d" (int .Values.redis.port) | quote }}
{{- end }}
