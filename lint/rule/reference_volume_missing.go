package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "reference-volume-missing",
		Title: "Every volume that a container mounts exists",
		Why:   "The API server rejects the whole object, and the installation fails.",
		Bad: `containers:
  - name: app
    volumeMounts: [{name: config, mountPath: /etc/app}]
volumes:
  - name: configuration
    configMap: {name: app}`,
		Good: `containers:
  - name: app
    volumeMounts: [{name: config, mountPath: /etc/app}]
volumes:
  - name: config
    configMap: {name: app}`,
		Severity: Error,
		Refused:  true,
		Check:    checkReferenceVolumeMissing,
	})
}

func checkReferenceVolumeMissing(p *Pass) {
	for o, c := range containers(p) {
		volumes := volumeNames(o)
		for _, field := range []string{"volumeMounts", "volumeDevices"} {
			for mount := range c.Get(field).Items() {
				name := mount.Get("name")
				if name.Text() == "" || volumes[name.Text()] {
					continue
				}
				p.reportContainer(o, c, name,
					fmt.Sprintf("mounts the volume %q, which its pod does not define", name.Text()),
					"Use the name of a volume that the pod defines, or add the volume wherever it is mounted.")
			}
		}
	}
}

// volumeNames returns the volumes of an object's pods. The pods of a StatefulSet also have its volume claims.
func volumeNames(o *chart.Object) map[string]bool {
	names := map[string]bool{}
	for volume := range o.PodSpec().Get("volumes").Items() {
		names[volume.Get("name").Text()] = true
	}
	for claim := range o.Get("spec", "volumeClaimTemplates").Items() {
		names[claim.Get("metadata", "name").Text()] = true
	}
	return names
}
