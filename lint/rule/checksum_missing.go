package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "checksum-missing",
		Title: "Pods restart when the configuration that they read at their start changes",
		Why: "The environment of a container, and a file that is mounted with subPath, keep the content that the ConfigMap " +
			"or Secret had when the pod started. An upgrade that changes only the ConfigMap restarts no pod, unless the " +
			"pod has an annotation with a checksum of it.",
		Bad: `template:
  spec:
    containers:
      - envFrom:
          - configMapRef: {name: {{ .Release.Name }}}`,
		Good: `template:
  metadata:
    annotations:
      checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
  spec:
    containers:
      - envFrom:
          - configMapRef: {name: {{ .Release.Name }}}`,
		Severity: Warning,
		Check:    checkChecksumMissing,
	})
}

func checkChecksumMissing(p *Pass) {
	r := releaseOf(p)
	for _, o := range p.Rendered.Objects {
		if !slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, o.Kind) || isCustom(o) || restarts(o) {
			continue
		}
		reported := map[objectKey]bool{}
		for _, ref := range startReferences(o) {
			config := r.objects[ref.to]
			if config == nil || reported[ref.to] || config.Hook() != chart.NoHook || !mayChange(p, config) {
				continue
			}
			reported[ref.to] = true
			p.Report(Finding{
				Node: ref.node,
				Message: fmt.Sprintf("%s %s at its start, and %s has no checksum of it: a change of the values restarts no pod",
					ref.subject, ref.to, o),
				Fix:       checksumFix(o, config),
				Object:    o.String(),
				Container: ref.container,
			})
		}
	}
}

// checksumFix returns the annotation to add. A template cannot include itself.
func checksumFix(workload, config *chart.Object) string {
	if workload.Template() == config.Template() {
		return fmt.Sprintf("Annotate the pods with a checksum, checksum/%s, of the values that the %[2]s contains: "+
			"{{ toYaml .Values.… | sha256sum }}.", strings.ToLower(config.Kind), config.Kind)
	}
	return fmt.Sprintf("Annotate the pods with a checksum: checksum/%s: {{ include (print $.Template.BasePath \"/%s\") "+
		". | sha256sum }}.", strings.ToLower(config.Kind), fileName(config))
}

// restarts reports whether a workload has an annotation that makes, or may make, its pods restart: a checksum, a text
// that is drawn anew for each upgrade, or an order for an operator that watches configuration.
func restarts(o *chart.Object) bool {
	for key := range o.Get("metadata", "annotations").Entries() {
		if strings.Contains(key, "reload") || strings.Contains(key, "wave.") {
			return true
		}
	}
	for key, value := range o.Get("spec", "template", "metadata", "annotations").Entries() {
		key = strings.ToLower(key)
		for _, word := range []string{"checksum", "sha", "hash", "digest", "reload", "roll", "restart", "config", "secret"} {
			if strings.Contains(key, word) {
				return true
			}
		}
		const shortest = 32
		if text := value.Text(); len(text) >= shortest && strings.Trim(text, "0123456789abcdef") == "" {
			return true
		}
	}
	return false
}

// startReferences returns the references of a workload that are read only at the start of its pods: in the environment,
// and in mounts with a subPath.
func startReferences(o *chart.Object) []configReference {
	byPath := map[string]bool{} // volumes that are mounted with subPath, and in no other way
	for _, c := range o.Containers() {
		for mount := range c.Get("volumeMounts").Items() {
			if mount.Get("subPath").Text() != "" || mount.Get("subPathExpr").Text() != "" {
				byPath[mount.Get("name").Text()] = true
			}
		}
	}
	var found []configReference
	for _, ref := range configReferences(o) {
		isInit := ref.container != "" && !slices.ContainsFunc(o.Containers(), func(c chart.Container) bool {
			return c.Name == ref.container && c.Role != chart.Init
		})
		if ref.key != "" && ref.container == "" || isInit || ref.container == "" && !byPath[ref.volume] {
			continue
		}
		found = append(found, ref)
	}
	return found
}

// mayChange reports whether a ConfigMap or Secret can have other content with other values, and the same name.
func mayChange(p *Pass, config *chart.Object) bool {
	if isTrue(config.Get("immutable")) || hasHash(config.Name) || config.IsDrawn() ||
		config.Get("type").Text() == "kubernetes.io/service-account-token" ||
		templatesOf(p.Chart).looksUp(config.Template()) || templatesOf(p.Chart).contains(config.Template(), drawing) {
		return false
	}
	return strings.Contains(templatesOf(p.Chart)[config.Template()], ".Values")
}

// fileName returns the path of an object's template below the folder of the templates.
func fileName(o *chart.Object) string {
	_, name, _ := strings.Cut(o.Template(), "/templates/")
	return name
}
