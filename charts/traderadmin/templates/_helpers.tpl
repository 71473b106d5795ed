{{/*
A string as a valid label value: at most 63 characters, without "+" (which versions may contain), alphanumeric at both
ends.
*/}}
{{- define "traderadmin.labelValue" -}}
{{- . | replace "+" "_" | trunc 63 | trimAll "-_." -}}
{{- end }}

{{/*
Labels that select the pods of one component. A Deployment's selector is immutable, so none of them depends on the
version of the chart. Takes a dict: root, the chart's root context; component, the component's name.
*/}}
{{- define "traderadmin.selectorLabels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/*
Labels of every object. Pods have only the selector labels, so that a new version of the chart alone does not restart
them. Takes the same dict as traderadmin.selectorLabels.
*/}}
{{- define "traderadmin.labels" -}}
helm.sh/chart: {{ include "traderadmin.labelValue" (printf "%s-%s" .root.Chart.Name .root.Chart.Version) | quote }}
{{ include "traderadmin.selectorLabels" . }}
app.kubernetes.io/version: {{ include "traderadmin.labelValue" .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ .root.Chart.Name | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service | quote }}
{{- end }}

{{/*
Content of config.yaml, the configuration of python-orch, for the ConfigMap and the checksum of the pods. Helm's --set
passes decimal numbers as strings; float64 converts them back.
*/}}
{{- define "traderadmin.pythonConfig" -}}
{{- $config := deepCopy .Values.config.python -}}
{{- range $key := list "iv_threshold" "min_reward_risk" -}}
{{- $_ := set $config.strategy $key (get $config.strategy $key | float64) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/*
Content of config.json, the configuration of go-scanner.
*/}}
{{- define "traderadmin.scannerConfig" -}}
{{- $config := deepCopy .Values.config.scanner -}}
{{- $_ := set $config "iv_threshold" (float64 $config.iv_threshold) -}}
{{- toJson $config -}}
{{- end }}

{{/*
Name of the ServiceAccount of all pods. Empty means the namespace's default.
*/}}
{{- define "traderadmin.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary "traderadmin" "" .Values.serviceAccount.create) -}}
{{- end }}

{{/*
The pod spec except for containers: ServiceAccount, security context and scheduling. Takes a dict: root, the chart's
root context; key, the component's key in the values.
*/}}
{{- define "traderadmin.pod" -}}
{{- $scheduling := get .root.Values.scheduling .key -}}
automountServiceAccountToken: {{ .root.Values.serviceAccount.automountToken }}
{{- with include "traderadmin.serviceAccountName" .root }}
serviceAccountName: {{ . | quote }}
{{- end }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .root.Values.securityContext.enabled }}
securityContext:
  {{- toYaml .root.Values.securityContext.pod | nindent 2 }}
{{- end }}
{{- with $scheduling.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $scheduling.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $scheduling.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $scheduling.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
The topologySpreadConstraints of a component's pods. matchLabelKeys makes them count the pods of one revision only.
Takes the same dict as traderadmin.selectorLabels.
*/}}
{{- define "traderadmin.topologySpread" -}}
{{- $component := . -}}
topologySpreadConstraints:
  {{- range .root.Values.topologySpread.constraints }}
  - {{- toYaml . | nindent 4 }}
    labelSelector:
      matchLabels:
        {{- include "traderadmin.selectorLabels" $component | nindent 8 }}
    matchLabelKeys:
      - pod-template-hash
  {{- end }}
{{- end }}

{{/*
Pull policy and security context of a container. Takes the root context.
*/}}
{{- define "traderadmin.container" -}}
{{- with .Values.imagePullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- if .Values.securityContext.enabled }}
securityContext:
  {{- toYaml .Values.securityContext.container | nindent 2 }}
{{- end }}
{{- end }}

{{/*
The probes of a container. Takes their values: startup, readiness and liveness, each of which may be null.
*/}}
{{- define "traderadmin.probes" -}}
{{- with .startup }}
startupProbe:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .readiness }}
readinessProbe:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .liveness }}
livenessProbe:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Environment of a service that uses Redis. Host and port are one variable, because Kubernetes sets REDIS_PORT to a URL in
every pod of a namespace that has a Service named redis.
*/}}
{{- define "traderadmin.redisEnv" -}}
- name: REDIS_ADDR
  value: {{ printf "redis:%d" (int .Values.redis.port) | quote }}
{{- if .Values.redis.auth.enabled }}
- name: REDIS_PASSWORD
  valueFrom:
    {{- include "traderadmin.redisPasswordFrom" . | nindent 4 }}
{{- end }}
{{- end }}

{{/*
The valueFrom of an environment variable that holds the Redis password.
*/}}
{{- define "traderadmin.redisPasswordFrom" -}}
secretKeyRef:
  name: {{ .Values.redis.auth.existingSecret | default "redis-auth" | quote }}
  key: {{ .Values.redis.auth.secretKey | quote }}
{{- end }}

{{/*
The Redis password in base64, from the Secret in the cluster. If there is no Secret yet, the password is generated once
and stored in Release for the other templates of the rendering, or empty if redis.auth.existingSecret is set.
*/}}
{{- define "traderadmin.redisPassword" -}}
{{- $auth := .Values.redis.auth -}}
{{- $secret := lookup "v1" "Secret" .Release.Namespace ($auth.existingSecret | default "redis-auth") | default dict -}}
{{- $password := get (get $secret "data" | default dict) $auth.secretKey -}}
{{- if not (or $password $auth.existingSecret) -}}
{{- $password = get .Release "redisPassword" | default (randAlphaNum 32 | b64enc) -}}
{{- $_ := set .Release "redisPassword" $password -}}
{{- end -}}
{{- $password -}}
{{- end }}

{{/*
Pod annotation that restarts the pods when the Redis password changes. Empty without a password.
*/}}
{{- define "traderadmin.redisChecksum" -}}
{{- if and .Values.redis.enabled .Values.redis.auth.enabled -}}
checksum/redis-auth: {{ include "traderadmin.redisPassword" . | sha256sum | quote }}
{{- end -}}
{{- end }}

{{/*
NetworkPolicyPeers that select the pods of components. Takes a dict: root, the chart's root context; components, their
names.
*/}}
{{- define "traderadmin.peers" -}}
{{- range $component := .components }}
- podSelector:
    matchLabels:
      {{- include "traderadmin.selectorLabels" (dict "root" $.root "component" $component) | nindent 6 }}
{{- end }}
{{- end }}

{{/*
The egress rule of a NetworkPolicy that allows DNS.
*/}}
{{- define "traderadmin.dnsEgress" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns | nindent 4 }}
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end }}

{{/*
The Service of python-orch or go-scanner. Takes a dict: root, the chart's root context; component, the component's name;
key, its key in the values.
*/}}
{{- define "traderadmin.service" }}
apiVersion: v1
kind: Service
metadata:
  name: {{ .component }}
  labels:
    {{- include "traderadmin.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "traderadmin.selectorLabels" . | nindent 4 }}
  ports:
    - name: api
      port: {{ int (index .root.Values.service .key).port }}
      targetPort: api
{{- end }}

{{/*
The PodDisruptionBudget of python-orch or go-scanner. Takes the same dict as traderadmin.service.
*/}}
{{- define "traderadmin.podDisruptionBudget" }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .component }}
  labels:
    {{- include "traderadmin.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ (index .root.Values.podDisruptionBudget .key).maxUnavailable }}
  # Pods that are not ready must not block a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "traderadmin.selectorLabels" . | nindent 6 }}
{{- end }}
