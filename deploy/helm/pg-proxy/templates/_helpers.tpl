{{- define "pg-proxy.name" -}}
{{- if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "pg-proxy.labels" -}}
{{ include "pg-proxy.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "pg-proxy.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The configuration of one instance, by its number in the StatefulSet: who it is, and where the others are. */}}
{{- define "pg-proxy.config" -}}
{{- $number := .number -}}
{{- $ := .root -}}
{{- $name := include "pg-proxy.name" $ -}}
{{- $peers := dict -}}
{{- range $other := until (int $.Values.replicas) -}}
{{- if ne $other $number -}}
{{- $host := printf "%s-%d.%s-peers.%s.svc" $name $other $name $.Release.Namespace -}}
{{- $_ := set $peers (toString (add1 $other)) (dict "host" $host "port" $.Values.ownPort) -}}
{{- end -}}
{{- end -}}
{{- $own := dict "host" $.Values.config.listen.host "port" $.Values.ownPort -}}
{{- $instance := dict "id" (add1 $number) "own" $own "peers" $peers -}}
{{- merge (dict "instance" $instance) $.Values.config | toPrettyJson -}}
{{- end -}}
