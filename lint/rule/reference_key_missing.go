package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "reference-key-missing",
		Title: "Every ConfigMap or Secret key that a pod reads exists",
		Why: "The container does not start: its pod stays in ContainerCreating or CreateContainerConfigError until the key " +
			"exists. A subPath that matches no key is mounted as an empty directory instead of a file.",
		Bad: `env:
  - name: LOG_LEVEL
    valueFrom:
      configMapKeyRef: {name: settings, key: log_level}   # ConfigMap/settings has log-level`,
		Good: `env:
  - name: LOG_LEVEL
    valueFrom:
      configMapKeyRef: {name: settings, key: log-level}`,
		Severity: Error,
		Check:    checkReferenceKeyMissing,
	})
}

func checkReferenceKeyMissing(p *Pass) {
	r := releaseOf(p)
	for _, o := range p.Rendered.Objects {
		for _, ref := range configReferences(o) {
			r.checkKey(p, o, ref)
		}
		r.checkSubPaths(p, o)
	}
}

// checkKey reports a key that its ConfigMap or Secret does not have.
func (r *release) checkKey(p *Pass, o *chart.Object, ref configReference) {
	keys, known := r.dataKeys(ref.to)
	if ref.key == "" || !known || slices.Contains(keys, ref.key) {
		return
	}
	p.Report(Finding{
		Node:      ref.node,
		Message:   fmt.Sprintf("%s the key %s of %s, which has only %s", ref.subject, ref.key, ref.to, list(keys)),
		Fix:       fmt.Sprintf("Use a key that %s has, or add the missing key to it.", ref.to),
		Object:    o.String(),
		Container: ref.container,
	})
}

// dataKeys returns the keys of a ConfigMap or Secret of the release.
func (r *release) dataKeys(key objectKey) (keys []string, known bool) {
	if o := r.objects[key]; o != nil {
		return dataKeys(o)
	}
	return nil, false
}

// checkSubPaths reports each subPath that matches no file of the ConfigMap or Secret in its volume.
func (r *release) checkSubPaths(p *Pass, o *chart.Object) {
	volumes := map[string]chart.Node{}
	for volume := range o.PodSpec().Get("volumes").Items() {
		volumes[volume.Get("name").Text()] = volume
	}
	for _, c := range o.Containers() {
		for mount := range c.Get("volumeMounts").Items() {
			r.checkSubPath(p, o, c, mount.Get("subPath"), volumes[mount.Get("name").Text()])
		}
	}
}

func (r *release) checkSubPath(p *Pass, o *chart.Object, c chart.Container, subPath, volume chart.Node) {
	source, files, known := r.files(o, volume)
	exists := func(file string) bool { return isWithin(file, subPath.Text()) }
	if subPath.Text() == "" || !known || slices.ContainsFunc(files, exists) {
		return
	}
	p.reportContainer(o, c, subPath,
		fmt.Sprintf("mounts the file %s of %s, which has only %s", subPath.Text(), source, list(files)),
		fmt.Sprintf("Use a file that %s has, or add the missing file to it.", source))
}

// files returns the files in a volume that consists of one ConfigMap or Secret of the release.
func (r *release) files(o *chart.Object, volume chart.Node) (from objectKey, files []string, known bool) {
	source := volume.Get("configMap")
	from = objectKey{"", "ConfigMap", o.Namespace(), source.Get("name").Text()}
	if !source.Exists() {
		source = volume.Get("secret")
		from = objectKey{"", "Secret", o.Namespace(), source.Get("secretName").Text()}
	}
	files, known = r.dataKeys(from)
	if !known || isTrue(source.Get("optional")) {
		return from, nil, false
	}
	if items := source.Get("items"); items.Exists() {
		files = nil
		for item := range items.Items() {
			files = append(files, item.Get("path").Text())
		}
	}
	return from, files, len(files) > 0
}

// isWithin reports whether a path is a file, or a directory above it.
func isWithin(file, path string) bool {
	path = strings.Trim(path, "/")
	return file == path || strings.HasPrefix(file, path+"/")
}
