package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

// configReference is a place where pods read a ConfigMap or Secret that they cannot do without.
type configReference struct {
	to        objectKey
	key       string     // of its data; empty for the object as a whole
	at        chart.Node // where the key is given, or the name
	container string     // that reads it; empty for a volume
	says      string     // who does what with it: `volume "config" of Deployment/app mounts`
}

// configReferences are all such places of an object. One that gives a key is there twice: for the object, and for the key.
func configReferences(o *chart.Object) []configReference {
	var found []configReference
	add := func(kind, container, says string, source chart.Node) {
		name := source.Get("name")
		if !name.Exists() {
			name = source.Get("secretName") // in volumes
		}
		if name.Text() == "" || isTrue(source.Get("optional")) {
			return
		}
		ref := configReference{
			to: objectKey{"", kind, o.Namespace(), name.Text()}, at: name, container: container, says: says,
		}
		found = append(found, ref)
		keys := []chart.Node{source.Get("key")}
		for item := range source.Get("items").Items() {
			keys = append(keys, item.Get("key"))
		}
		for _, key := range keys {
			if key.Text() != "" {
				ref.key, ref.at = key.Text(), key
				found = append(found, ref)
			}
		}
	}
	for volume := range o.PodSpec().Get("volumes").Items() {
		says := fmt.Sprintf("volume %q of %s mounts", volume.Get("name").Text(), o)
		add("ConfigMap", "", says, volume.Get("configMap"))
		add("Secret", "", says, volume.Get("secret"))
		for source := range volume.Get("projected", "sources").Items() {
			add("ConfigMap", "", says, source.Get("configMap"))
			add("Secret", "", says, source.Get("secret"))
		}
	}
	for _, c := range o.Containers() {
		who := fmt.Sprintf("%s %q of %s reads ", c.Role, c.Name, o)
		for env := range c.Get("env").Items() {
			says := who + env.Get("name").Text() + " from"
			add("ConfigMap", c.Name, says, env.Get("valueFrom", "configMapKeyRef"))
			add("Secret", c.Name, says, env.Get("valueFrom", "secretKeyRef"))
		}
		for env := range c.Get("envFrom").Items() {
			says := who + "its environment from"
			add("ConfigMap", c.Name, says, env.Get("configMapRef"))
			add("Secret", c.Name, says, env.Get("secretRef"))
		}
	}
	return found
}

// dataKeys are the keys of a ConfigMap or Secret. They are not known of one that comes without any, for others to fill in, and
// of the token of a service account, which Kubernetes fills in.
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

// list writes a few of the names, in order.
func list(names []string) string {
	const most = 5
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
