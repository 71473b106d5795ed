package steps

import (
	"errors"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/traderadmin/charts/internal/helm"
)

// releases are the releases that a scenario installed, each in its newest revision.
type releases map[releaseID]*helm.Release

type releaseID struct{ namespace, name string } // of the namespace in the cluster

func (r releases) add(newest *helm.Release) {
	if newest != nil {
		r[releaseID{newest.Namespace, newest.Name}] = newest
	}
}

// sorted returns the releases by namespace and name.
func (r releases) sorted() []*helm.Release {
	var all []*helm.Release
	for _, release := range r {
		all = append(all, release)
	}
	slices.SortFunc(all, func(a, b *helm.Release) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return all
}

// objects returns the objects of a manifest, as far as it can be read.
func objects(manifest string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4096); ; {
		object := &unstructured.Unstructured{}
		err := documents.Decode(object)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err == nil && object.GetKind() != "" {
			found = append(found, object)
		}
	}
}
