package probe

import (
	"reflect"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/valuesuse"
)

// Name is the name of everything in a sample that needs one.
const Name = "sample"

// Port is the port of every sample that needs one. Charts hardly use it.
const Port = 18080

// Texts of samples that YAML takes for a number or a boolean if a template prints them without quotes.
const (
	sampleTag    = "1.2.3"
	digits       = "8080"
	booleanWords = "true"
	base64Text   = "c2FtcGxl"
)

// sample returns a value of the form that fits where its markers were rendered, or nil if that is not known.
func (f *form) sample(m *markers) any {
	switch {
	case f.keyed:
		return f.keyedSample(m)
	case f.list:
		below := f.below.sample(m)
		if f.below.number != 0 && !f.below.keyed && !f.below.list {
			below = wholeItem(m.places[f.below.number], below)
		}
		if below == nil {
			return nil
		}
		return []any{below}
	case f.fields != nil:
		entries := map[string]any{}
		for key, field := range f.fields {
			value := field.sample(m)
			switch {
			case value == Name && key == "value":
				entries[key] = digits // of an environment variable, or a text
			case value != nil:
				entries[key] = value
			case m.sees(field):
				return nil // the field has a use that is not known
			}
		}
		if len(entries) == 0 {
			return nil
		}
		return entries
	}
	return scalar(m.places[f.number])
}

// keyedSample returns a sample of a map with any key.
func (f *form) keyedSample(m *markers) any {
	keys := m.places[f.number]
	if len(keys) == 0 {
		return nil
	}
	asWhole := func(p place) bool { return p.isKey && p.text == markerText(f.number) }
	if slices.ContainsFunc(keys, asWhole) && f.below.number != 0 && !f.below.keyed {
		var found any
		for _, p := range keys {
			if !asWhole(p) {
				return nil
			}
			var sample any
			if len(p.path) > 0 && p.path[len(p.path)-1] != item {
				sample = wholes[field(p)]
			}
			if sample == nil || found != nil && !reflect.DeepEqual(found, sample) {
				return nil // the fields differ
			}
			found = sample
		}
		return found
	}
	key := Name
	if keys[0].text == markerText(f.number) && field(keys[0]) == "name" && slices.Contains(keys[0].path, "env") {
		key = "SAMPLE"
	}
	value := f.below.sample(m)
	switch {
	case value == nil:
		return nil
	case f.below.isScalar() && key == "SAMPLE":
		value = digits
	case f.below.isScalar() && slices.ContainsFunc(m.places[f.below.number], isTextOfMap):
		value = booleanWords
	}
	return map[string]any{key: value}
}

// isTextOfMap reports whether a place is the value of a map whose values are texts.
func isTextOfMap(p place) bool {
	at := len(p.path) - 2
	return at >= 0 && slices.Contains([]string{"annotations", "labels", "nodeSelector"}, p.path[at])
}

// wholeItem returns a sample of an item that templates print as a whole.
func wholeItem(places []place, otherwise any) any {
	var found any
	for _, p := range places {
		if len(p.path) == 0 || p.path[len(p.path)-1] != item {
			return otherwise
		}
		list, isList := wholes[listField(p)].([]any)
		if !isList || found != nil && !reflect.DeepEqual(found, list[0]) {
			return nil
		}
		found = list[0]
	}
	return found
}

// field returns the name of the field at a place.
func field(p place) string {
	for _, step := range slices.Backward(p.path) {
		if step != item {
			return step
		}
	}
	return ""
}

// listField returns the name under which the samples have a list. Two fields of one name may have different lists.
func listField(p place) string {
	name := field(p)
	switch {
	case name == "ports" && !slices.Contains(p.path, "containers"), name == "rules" && p.kind != "Ingress",
		name == "containers" && len(p.path) < 3:
		return ""
	}
	return name
}

// scalar returns a text or a number that fits all places of a marker; nil if they need different ones.
func scalar(places []place) any {
	var found any
	for _, p := range places {
		value := scalarAt(p)
		if value == nil || found != nil && found != value {
			return nil
		}
		found = value
	}
	return found
}

func scalarAt(p place) any {
	if len(p.path) == 0 || p.isKey {
		return nil
	}
	last := p.path[len(p.path)-1]
	parent := ""
	if len(p.path) > 1 {
		parent = p.path[len(p.path)-2]
	}
	switch {
	case parent == "data" && p.kind == "Secret":
		return base64Text
	case last == "image":
		return imagePart(p.before, p.after)
	case last == "value" && slices.Contains(p.path, "env"):
		return Name
	case parent == "annotations", parent == "labels", parent == "nodeSelector", parent == "data", parent == "stringData":
		return Name
	case last == item && (parent == "args" || parent == "command"):
		return Name
	case last == item && (parent == "hosts" || parent == "hostnames"):
		return "sample.example.com"
	case p.before != "" || p.after != "":
		if slices.Contains(names, last) {
			return Name
		}
		return nil
	case slices.Contains(names, last):
		return Name
	}
	return scalars[last]
}

// imagePart returns a sample of the part of an image between two texts.
func imagePart(before, after string) any {
	switch {
	case strings.HasSuffix(before, "@sha256:"):
		return strings.Repeat("0123456789abcdef", 4)
	case strings.HasSuffix(before, "@"):
		return "sha256:" + strings.Repeat("0123456789abcdef", 4)
	case strings.HasSuffix(before, ":"):
		return sampleTag
	case before == "" && strings.HasPrefix(after, "/"):
		return "registry.example.com"
	}
	return nil
}

// names are fields that take the name of something.
var names = []string{
	"name", "namespace", "storageClassName", "priorityClassName", "runtimeClassName", "schedulerName", "ingressClassName",
	"serviceAccountName", "secretName", "claimName", "loadBalancerClass", "volumeName", "subPath", "key",
}

// scalars are samples of other fields with a text or a number.
var scalars = map[string]any{
	"host":                          "sample.example.com",
	"hostname":                      Name,
	"loadBalancerIP":                "192.0.2.10",
	"imagePullPolicy":               "Always",
	"path":                          "/sample",
	"mountPath":                     "/sample",
	"pathType":                      "Prefix",
	"externalTrafficPolicy":         "Cluster",
	"internalTrafficPolicy":         "Cluster",
	"sessionAffinity":               "None",
	"ipFamilyPolicy":                "SingleStack",
	"storage":                       "1Gi",
	"memory":                        "128Mi",
	"cpu":                           "100m",
	"nodePort":                      int64(30080),
	"port":                          int64(Port),
	"containerPort":                 int64(Port),
	"revisionHistoryLimit":          int64(3),
	"terminationGracePeriodSeconds": int64(30),
	"minReadySeconds":               int64(10),
	"progressDeadlineSeconds":       int64(600),
	"priority":                      int64(1000),
	"protocol":                      "TCP",
	"targetPort":                    int64(Port),
	"healthCheckNodePort":           int64(30081),
	"minAvailable":                  int64(1),
	"maxUnavailable":                int64(1),
}

type (
	object = map[string]any
	array  = []any
)

var equalResources = object{
	"requests": object{"cpu": "100m", "memory": "128Mi"},
	"limits":   object{"cpu": "100m", "memory": "128Mi"},
}

var sampleContainer = object{"name": Name, "image": "registry.example.com/sample:1.2.3", "resources": equalResources}

// wholes are samples of maps and lists by the name of the field that has them. Texts that YAML could take for a boolean
// or a number must stay texts.
var wholes = map[string]any{
	"annotations":               object{"example.com/sample": "true"},
	"labels":                    object{"example.com/sample": "true"},
	"nodeSelector":              object{"example.com/sample": "true"},
	"affinity":                  nodeAffinity,
	"resources":                 equalResources,
	"requests":                  object{"memory": "128Mi"},
	"limits":                    object{"memory": "128Mi"},
	"securityContext":           object{"runAsNonRoot": true},
	"livenessProbe":             object{"exec": object{"command": array{"true"}}},
	"readinessProbe":            object{"exec": object{"command": array{"true"}}},
	"startupProbe":              object{"exec": object{"command": array{"true"}}},
	"lifecycle":                 object{"preStop": object{"exec": object{"command": array{"true"}}}},
	"strategy":                  object{"type": "RollingUpdate"},
	"updateStrategy":            object{"type": "RollingUpdate"},
	"dnsConfig":                 object{"options": array{object{"name": "ndots", "value": "2"}}},
	"data":                      object{Name: base64Text},
	"stringData":                object{Name: Name},
	"behavior":                  object{"scaleDown": object{"stabilizationWindowSeconds": int64(300)}},
	"tolerations":               array{object{"key": "example.com/sample", "operator": "Exists", "effect": "NoSchedule"}},
	"imagePullSecrets":          array{object{"name": Name}},
	"env":                       array{object{"name": "SAMPLE", "value": "8080"}},
	"envFrom":                   array{object{"configMapRef": object{"name": Name}}},
	"volumes":                   array{object{"name": Name, "emptyDir": object{}}},
	"volumeMounts":              array{object{"name": Name, "mountPath": "/sample"}},
	"initContainers":            array{sampleContainer},
	"containers":                array{sampleContainer},
	"topologySpreadConstraints": array{spread},
	"hostAliases":               array{object{"ip": "192.0.2.10", "hostnames": array{"sample.example.com"}}},
	"ports":                     array{object{"name": Name, "containerPort": int64(Port)}},
	"args":                      array{"--sample"},
	"command":                   array{Name},
	"accessModes":               array{"ReadWriteOnce"},
	"hosts":                     array{"sample.example.com"},
	"tls":                       array{object{"secretName": Name, "hosts": array{"sample.example.com"}}},
	"loadBalancerSourceRanges":  array{"192.0.2.0/24"},
	"externalIPs":               array{"192.0.2.10"},
	"finalizers":                array{"example.com/sample"},
}

var nodeAffinity = object{"nodeAffinity": object{"requiredDuringSchedulingIgnoredDuringExecution": object{
	"nodeSelectorTerms": array{object{"matchExpressions": array{
		object{"key": "kubernetes.io/arch", "operator": "In", "values": array{"amd64"}},
	}}},
}}}

var spread = object{
	"maxSkew": int64(1), "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
	"labelSelector": object{},
}

// sampleByName returns a sample of a value that was not rendered, by its key: what a switch hides that no probe turns
// on, or what a template drops that failed.
func sampleByName(key string, current any, use *valuesuse.Use) any {
	lower := strings.ToLower(key)
	if text, isText := current.(string); isText && text == "" {
		switch lower {
		case "existingsecret", "existingclaim", "existingconfigmap", "secretname", "storageclass", "priorityclassname",
			"fullnameoverride", "nameoverride":
			return Name
		case "tag":
			return sampleTag
		case "host", "hostname":
			return "sample.example.com"
		}
		return nil
	}
	if len(use.Fields) > 0 || use.Items != nil {
		return nil
	}
	_, isMap := current.(map[string]any)
	_, isList := current.([]any)
	for _, suffix := range []string{
		"annotations", "labels", "nodeSelector", "affinity", "resources", "securityContext", "tolerations", "volumes",
		"volumeMounts", "env", "envFrom", "imagePullSecrets", "initContainers", "topologySpreadConstraints", "hostAliases",
	} {
		isPart := suffix == "affinity" && lower != suffix // podAffinity is a part of an affinity
		if !strings.HasSuffix(lower, strings.ToLower(suffix)) || isPart {
			continue
		}
		switch sample := wholes[suffix].(type) {
		case object:
			if isMap {
				return sample
			}
		case array:
			if isList {
				return sample
			}
		}
	}
	return nil
}
