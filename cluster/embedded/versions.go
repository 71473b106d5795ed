package embedded

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/controlplane"
)

// allVersions is the value of the option Kubernetes that names every version.
const allVersions = "all"

// Each returns the options of one cluster for each version of Kubernetes that o names. It returns an error, which lists
// the possible versions, if the control plane cannot emulate one of them, or if one is named twice.
func (o Options) Each(ctx context.Context) ([]Options, error) {
	if o.Kubernetes == "" {
		return []Options{o}, nil
	}
	all, err := controlplane.Versions(ctx)
	if err != nil {
		return nil, err
	}
	named := all
	if o.Kubernetes != allVersions {
		named = strings.Split(o.Kubernetes, ",")
	}
	var each []Options
	for i, version := range named {
		switch {
		case !slices.Contains(all, version):
			return nil, fmt.Errorf("-kubernetes=%s: the embedded cluster cannot emulate %q; choose from %s, or %s",
				o.Kubernetes, version, strings.Join(all, ", "), allVersions)
		case slices.Contains(named[:i], version):
			return nil, fmt.Errorf("-kubernetes=%s names %s twice", o.Kubernetes, version)
		}
		one := o
		one.Kubernetes = version
		each = append(each, one)
	}
	return each, nil
}

// checkVersion returns an error if the options do not name one version that the control plane can emulate.
func (o Options) checkVersion(ctx context.Context) error {
	each, err := o.Each(ctx)
	if err == nil && len(each) > 1 {
		err = fmt.Errorf("-kubernetes=%s: a cluster has one version of Kubernetes", o.Kubernetes)
	}
	return err
}
