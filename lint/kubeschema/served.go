package kubeschema

import (
	"slices"
	"strings"
)

// APIVersions are what the version serves, as a template asks for it with .Capabilities.APIVersions.Has: API versions, such as apps/v1,
// and those with a kind, such as apps/v1/Deployment. They are known of [Versions] only; of others there are none.
func (v Version) APIVersions() []string {
	s := kubernetes()
	if !slices.Contains(s.minors, v.minor) {
		return nil
	}
	var served []string
	for k, known := range s.kinds {
		if known.versions&v.known != 0 {
			served = append(served, k.apiVersion, strings.Join([]string{k.apiVersion, k.name}, "/"))
		}
	}
	slices.Sort(served)
	return slices.Compact(served)
}
