package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

// configReference is a place where a pod reads a ConfigMap or Secret that is not optional.
type configReference struct {
	to        objectKey
	key       string     // in its data; empty for the object as a whole
	node      chart.Node // of the key, or else of the name
	container string     // that reads it; empty for a volume
	volume    string     // that mounts it; empty for a container
	subject   string     // the start of a message: `volume "config" of Deployment/app mounts`
}

// configReferences returns the references in the pods of an object. A reference to a key is preceded by one to the
// object that should have it.
func configReferences(o *chart.Object) []configReference {
	var found []configReference
	for volume := range o.PodSpec().Get("volumes").Items() {
		first := len(found)
		subject := fmt.Sprintf("volume %q of %s mounts", volume.Get("name").Text(), o)
		found = append(found, refersTo(o, "ConfigMap", volume.Get("configMap"), "", subject)...)
		found = append(found, refersTo(o, "Secret", volume.Get("secret"), "", subject)...)
		for source := range volume.Get("projected", "sources").Items() {
			found = append(found, refersTo(o, "ConfigMap", source.Get("configMap"), "", subject)...)
			found = append(found, refersTo(o, "Secret", source.Get("secret"), "", subject)...)
		}
		for i := first; i < len(found); i++ {
			found[i].volume = volume.Get("name").Text()
		}
	}
	for _, c := range o.Containers() {
		container := fmt.Sprintf("%s %q of %s", c.Role, c.Name, o)
		for env := range c.Get("env").Items() {
			subject := fmt.Sprintf("%s reads %s from", container, env.Get("name").Text())
			found = append(found, refersTo(o, "ConfigMap", env.Get("valueFrom", "configMapKeyRef"), c.Name, subject)...)
			found = append(found, refersTo(o, "Secret", env.Get("valueFrom", "secretKeyRef"), c.Name, subject)...)
		}
		for env := range c.Get("envFrom").Items() {
			subject := container + " reads its environment from"
			found = append(found, refersTo(o, "ConfigMap", env.Get("configMapRef"), c.Name, subject)...)
			found = append(found, refersTo(o, "Secret", env.Get("secretRef"), c.Name, subject)...)
		}
	}
	return found
}

// refersTo returns the references in one source: to its object, and to each key that it names.
func refersTo(o *chart.Object, kind string, source chart.Node, container, subject string) []configReference {
	name := firstOf(source.Get("name"), source.Get("secretName")) // secretName in volumes
	if name.Text() == "" || isTrue(source.Get("optional")) {
		return nil
	}
	ref := configReference{
		to:        objectKey{"", kind, o.Namespace(), name.Text()},
		node:      name,
		container: container,
		subject:   subject,
	}
	found := []configReference{ref}
	keys := []chart.Node{source.Get("key")}
	for item := range source.Get("items").Items() {
		keys = append(keys, item.Get("key"))
	}
	for _, key := range keys {
		if key.Text() != "" {
			ref.key, ref.node = key.Text(), key
			found = append(found, ref)
		}
	}
	return found
}

// dataKeys returns the keys of a ConfigMap or Secret. They are unknown if it has none, because something else may add
// them, and for a service account token, which Kubernetes fills in.
func dataKeys(o *chart.Object) (keys []string, known bool) {
	if o.Get("type").Text() == "kubernetes.io/service-account-token" {
		return nil, false
	}
	for _, field := range []string{"data", "binaryData", "stringData"} {
		for key := range o.Get(field).Entries() {
			keys = append(keys, key)
		}
	}
	return keys, len(keys) > 0
}

// list returns the first few of the names in order, for a message.
func list(names []string) string {
	const most = 5
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
