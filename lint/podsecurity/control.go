package podsecurity

import (
	"k8s.io/pod-security-admission/policy"

	"github.com/traderadmin/charts/internal/chart"
)

// control describes how to satisfy a control of the Pod Security Standards.
type control struct {
	ID policy.CheckID
	// Fix says in a sentence what to set.
	Fix string
	// Inherited means that containers inherit the field from the security context of their pod.
	Inherited bool
	// At returns the wrong value in a pod spec or a container. It is nil if Fields are enough.
	At func(chart.Node) chart.Node
	// Fields are the paths of the field; the first one that is set is the wrong value.
	Fields [][]string
}

// locate returns the wrong value in a pod spec or a container, or the closest parent of a missing one.
func (c control) locate(in chart.Node) chart.Node {
	if c.At != nil {
		if at := c.At(in); at.Exists() {
			return at
		}
	}
	for _, path := range c.Fields {
		if at := in.Get(path...); at.Exists() {
			return at
		}
	}
	if len(c.Fields) > 0 {
		return in.Closest(c.Fields[0]...)
	}
	return in
}

// securityContext returns the path of a field of a security context.
func securityContext(keys ...string) [][]string {
	return [][]string{append([]string{"securityContext"}, keys...)}
}

// controls are the controls that the admission plugin checks, by the ID of the check. TestControls compares them.
var controls = map[policy.CheckID]control{
	"allowPrivilegeEscalation": {
		Fix:    "Set securityContext.allowPrivilegeEscalation of the container to false.",
		Fields: securityContext("allowPrivilegeEscalation"),
	},
	"appArmorProfile": {
		Fix:    "Set securityContext.appArmorProfile.type to RuntimeDefault or Localhost, or leave it out.",
		Fields: securityContext("appArmorProfile", "type"),
	},
	"capabilities_baseline": {
		Fix:    "Remove the capabilities that container runtimes do not grant by default.",
		Fields: securityContext("capabilities", "add"),
	},
	"capabilities_restricted": {
		Fix:    `Set securityContext.capabilities.drop of the container to ["ALL"], and add at most NET_BIND_SERVICE.`,
		Fields: securityContext("capabilities"),
	},
	"hostNamespaces": {
		Fix: "Remove hostNetwork, hostPID and hostIPC, or set them to false.",
		At: func(spec chart.Node) chart.Node {
			for _, key := range []string{"hostNetwork", "hostPID", "hostIPC"} {
				if at := spec.Get(key); at.Text() == "true" {
					return at
				}
			}
			return chart.Node{}
		},
	},
	"hostPathVolumes": {
		Fix: "Use a volume that is not a folder of the node, such as an emptyDir or a PersistentVolumeClaim.",
		At: func(spec chart.Node) chart.Node {
			return volume(spec, func(kind string) bool { return kind == "hostPath" })
		},
	},
	"hostPorts": {
		Fix: "Remove hostPort, and reach the pod through a Service.",
		At: func(container chart.Node) chart.Node {
			for port := range container.Get("ports").Items() {
				if at := port.Get("hostPort"); at.Exists() && at.Text() != "0" {
					return at
				}
			}
			return chart.Node{}
		},
	},
	"hostProbesAndHostLifecycle": {
		Fix: "Remove the host; the kubelet then uses the address of the pod.",
		At:  probedHost,
	},
	"privileged": {
		Fix:    "Set securityContext.privileged of the container to false, and add the capabilities that it needs.",
		Fields: securityContext("privileged"),
	},
	"procMount": {
		Fix:    "Remove securityContext.procMount, or set it to Default.",
		Fields: securityContext("procMount"),
	},
	"procMount_restricted": {
		Fix:    "Remove securityContext.procMount, or set it to Default.",
		Fields: securityContext("procMount"),
	},
	"restrictedVolumes": {
		Fix: "Use a volume of type configMap, csi, downwardAPI, emptyDir, ephemeral, persistentVolumeClaim, projected or " +
			"secret.",
		At: func(spec chart.Node) chart.Node { return volume(spec, isRestrictedVolume) },
	},
	"runAsNonRoot": {
		Fix:       "Set securityContext.runAsNonRoot to true, in the pod or in each container.",
		Inherited: true,
		Fields:    securityContext("runAsNonRoot"),
	},
	"runAsUser": {
		Fix:       "Set securityContext.runAsUser to the ID of another user than root, or leave it to the image.",
		Inherited: true,
		Fields:    securityContext("runAsUser"),
	},
	"seLinuxOptions": {
		Fix:    "Remove user and role from securityContext.seLinuxOptions, and use a type such as container_t.",
		Fields: securityContext("seLinuxOptions"),
	},
	"seccompProfile_baseline": {
		Fix:       "Set securityContext.seccompProfile.type to RuntimeDefault or Localhost, or leave it out.",
		Inherited: true,
		Fields:    securityContext("seccompProfile", "type"),
	},
	"seccompProfile_restricted": {
		Fix:       "Set securityContext.seccompProfile.type to RuntimeDefault or Localhost, in the pod or in each container.",
		Inherited: true,
		Fields:    securityContext("seccompProfile", "type"),
	},
	"sysctls": {
		Fix:    "Remove the sysctls that are not namespaced or not safe.",
		Fields: securityContext("sysctls"),
	},
	"windowsHostProcess": {
		Fix:    "Remove securityContext.windowsOptions.hostProcess, or set it to false.",
		Fields: securityContext("windowsOptions", "hostProcess"),
	},
}

// volume returns the source of the first volume of a pod whose type matches.
func volume(spec chart.Node, matches func(kind string) bool) chart.Node {
	for v := range spec.Get("volumes").Items() {
		for kind, source := range v.Entries() {
			if kind != "name" && matches(kind) {
				return source
			}
		}
	}
	return chart.Node{}
}

func isRestrictedVolume(kind string) bool {
	switch kind {
	case "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret":
		return false
	}
	return true
}

// probedHost returns the first host that a probe or a lifecycle handler of a container names.
func probedHost(container chart.Node) chart.Node {
	for _, path := range [][]string{
		{"livenessProbe"}, {"readinessProbe"}, {"startupProbe"}, {"lifecycle", "postStart"}, {"lifecycle", "preStop"},
	} {
		for _, handler := range []string{"httpGet", "tcpSocket"} {
			if host := container.Get(path...).Get(handler, "host"); host.Text() != "" {
				return host
			}
		}
	}
	return chart.Node{}
}
