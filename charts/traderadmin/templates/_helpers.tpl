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
Name of the ServiceAccount that pods run as; empty for the namespace's default.
*/}}
{{- define "traderadmin.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary "traderadmin" "" .Values.serviceAccount.create) -}}
{{- end }}

{{/*
The part of a pod's spec that is not about its containers: as whom it runs, and where. Takes a dict: root, the chart's root
context; key, the component's key in the values.
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
The topologySpreadConstraints of a component's pods. A rollout's new pods are spread among themselves, whatever the old ones do.
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
What a container adds to its image: when that is pulled, and what it may do. Takes the root context.
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
The probes of a container. Takes their values: startup, readiness, liveness, each of which may be null.
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
Environment that tells a service where Redis is. It is one variable with host and port, and not REDIS_PORT, because
Kubernetes itself sets REDIS_PORT, to a URL, in every pod of a namespace that has a Service called redis.
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
Where a container's environment gets the password of Redis from.
*/}}
{{- define "traderadmin.redisPasswordFrom" -}}
secretKeyRef:
  name: {{ .Values.redis.auth.existingSecret | default "redis-auth" | quote }}
  key: {{ .Values.redis.auth.secretKey | quote }}
{{- end }}

{{/*
The password of Redis, in base64, as its Secret in the cluster has it. Where there is none yet: one that is generated, once for
all templates of a rendering, which Release remembers; or nothing, where the Secret is not the chart's to make.
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
Pod annotation of all that read the password of Redis, so that a new password makes new pods. Empty where there is none.
*/}}
{{- define "traderadmin.redisChecksum" -}}
{{- if and .Values.redis.enabled .Values.redis.auth.enabled -}}
checksum/redis-auth: {{ include "traderadmin.redisPassword" . | sha256sum | quote }}
{{- end -}}
{{- end }}

{{/*
The pods of components, as NetworkPolicyPeers. Takes a dict: root, the chart's root context; components, their names.
*/}}
{{- define "traderadmin.peers" -}}
{{- range $component := .components }}
- podSelector:
    matchLabels:
      {{- include "traderadmin.selectorLabels" (dict "root" $.root "component" $component) | nindent 6 }}
{{- end }}
{{- end }}

{{/*
The egress rule of a NetworkPolicy that lets pods resolve names.
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
  # A pod that does not work serves nobody: it must not block a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "traderadmin.selectorLabels" . | nindent 6 }}
{{- end }}
