package upgrade

import (
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/internal/apicheck"
)

// Clash is an object that Helm cannot create in the upgrade, because another object is still there.
type Clash struct {
	Object *chart.Object
	// Refusal is the API server's reason; zero if Hook is set.
	Refusal apicheck.Refusal
	// Hook is a hook of the same name, which Helm left in the cluster.
	Hook *chart.Object
}

// Clashes returns the objects that cannot be created. Helm creates new objects before it deletes old ones, and refuses
// those that exist and do not belong to the release.
func (u *Upgrade) Clashes(checker Checker, kubeVersion string) ([]Clash, error) {
	clashes, err := u.takenPorts(checker, kubeVersion)
	for _, o := range u.Created {
		if hook := u.hookLeft(o); hook != nil {
			clashes = append(clashes, Clash{Object: o, Hook: hook})
		}
	}
	return clashes, err
}

// takenPorts returns the new Services whose node ports other Services have until the upgrade deletes them.
func (u *Upgrade) takenPorts(checker Checker, kubeVersion string) ([]Clash, error) {
	created := servicesIn(u.Created)
	if len(created) == 0 {
		return nil, nil
	}
	asking := asking{checker, apicheck.Release{KubernetesVersion: kubeVersion, Namespace: u.After.Release().Namespace}}
	alone, err := asking.check(itemsOf(created)...)
	if err != nil {
		return nil, err
	}
	old := servicesIn(objectsOf(u.Before))
	together, err := asking.check(itemsOf(append(old, created...))...)
	if err != nil {
		return nil, err
	}
	var clashes []Clash
	for i, o := range created {
		for _, refusal := range together[len(old)+i].Refusals {
			if !slices.ContainsFunc(alone[i].Refusals, isLike(refusal)) {
				clashes = append(clashes, Clash{Object: o, Refusal: refusal})
			}
		}
	}
	return clashes, nil
}

func servicesIn(objects []*chart.Object) []*chart.Object {
	var services []*chart.Object
	for _, o := range objects {
		if o.Kind == "Service" && o.Group() == "" {
			services = append(services, o)
		}
	}
	return services
}

func itemsOf(objects []*chart.Object) []apicheck.Item {
	var items []apicheck.Item
	for _, o := range objects {
		manifest, err := o.JSON()
		if err != nil {
			manifest = map[string]any{} // of no kind
		}
		items = append(items, apicheck.Item{Object: manifest})
	}
	return items
}

// hookLeft returns the hook that an object was when the release was installed, if Helm left it in the cluster.
func (u *Upgrade) hookLeft(o *chart.Object) *chart.Object {
	for _, hook := range u.Before.Objects {
		annotations := hook.Get("metadata", "annotations")
		if hook.Hook() == chart.LifeCycleHook && identityOf(hook) == identityOf(o) &&
			strings.Contains(annotations.Get("helm.sh/hook").Text(), "install") &&
			!strings.Contains(annotations.Get("helm.sh/hook-delete-policy").Text(), "hook-succeeded") {
			return hook
		}
	}
	return nil
}
