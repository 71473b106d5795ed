package rule

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "upgrade-loses-data",
		Title: "An upgrade deletes no data",
		Why: "Helm deletes what the chart does not render any more: a claim with its volume, a definition with all objects " +
			"of its kind, a namespace with all that is in it, a password that was drawn at random. A new name is no " +
			"exception: a StatefulSet of another name starts with empty volumes, because claims are named after it. This " +
			"rule runs with --upgrade-from. Objects with the annotation helm.sh/resource-policy: keep are not deleted.",
		Bad: `kind: PersistentVolumeClaim
metadata:
  name: {{ .Release.Name }}-storage # -data in the chart of before`,
		Good: `kind: PersistentVolumeClaim
metadata:
  name: {{ .Release.Name }}-data
  annotations:
    helm.sh/resource-policy: keep`,
		Severity:        Error,
		ComparesUpgrade: true,
		Check:           checkUpgradeLosesData,
	})
}

func checkUpgradeLosesData(p *Pass) {
	for _, o := range p.Upgrade.Deleted {
		if isKept(o) {
			continue
		}
		renamed := p.Upgrade.renamed(o)
		lost, severity := p.Upgrade.lostWith(o, renamed)
		if lost == "" {
			continue
		}
		f := Finding{
			Severity: severity,
			Position: p.presentFile(o),
			Message:  fmt.Sprintf("the upgrade %s deletes %s%s", p.Upgrade, o, lost),
			Fix: "Keep rendering it under its name. If it has to go, let a release before this one set " +
				"helm.sh/resource-policy: keep on it, and say what users have to do.",
			Object: o.String(),
			Needs:  MajorBump,
		}
		if renamed != nil {
			f.Position, f.Node = chart.Position{}, renamed.Get("metadata", "name")
		}
		p.Report(f)
	}
}

// isKept reports whether Helm leaves an object in the cluster when it is not rendered any more.
func isKept(o *chart.Object) bool {
	policy := o.Get("metadata", "annotations", "helm.sh/resource-policy").Text()
	return strings.EqualFold(strings.TrimSpace(policy), "keep")
}

// lostWith says what is lost with a deleted object, in a clause that follows its name; "" if nothing is. renamed is the
// object that replaces it, or nil.
func (u *Upgrade) lostWith(o, renamed *chart.Object) (lost string, severity Severity) {
	replaced := ""
	if renamed != nil {
		replaced = fmt.Sprintf(", which is %s now", renamed)
	}
	switch {
	case isCustom(o):
		return "", 0
	case o.Kind == "PersistentVolumeClaim":
		return replaced + ", and the data of its volume", Error
	case o.Kind == "CustomResourceDefinition":
		return replaced + ", and all objects of its kind", Error
	case o.Kind == "Namespace":
		return replaced + ", and everything in it", Error
	case o.Kind == "StatefulSet" && o.Get("spec", "volumeClaimTemplates").Exists():
		if o.Get("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted").Text() == "Delete" {
			return replaced + ", and the data of its volumes", Error
		}
		if renamed != nil {
			return replaced + ": that starts with empty volumes, and the old ones stay behind", Error
		}
		return ": its volumes stay behind", Info
	case o.Kind == "Secret":
		if drawn := u.drawnIn(o); len(drawn) > 0 {
			return replaced + ", and " + list(drawn) + ", which was drawn at random", Error
		}
	}
	return "", 0
}

// drawnIn returns the keys of a Secret of before that were drawn at random.
func (u *Upgrade) drawnIn(secret *chart.Object) []string {
	again := u.Before.Again()
	if again == nil {
		return nil
	}
	var keys []string
	for _, pair := range chart.PairObjects(u.Before, again) {
		if pair.Base == secret {
			for _, drawn := range drawnKeys(secret, pair.Other) {
				keys = append(keys, drawn.key)
			}
		}
	}
	return keys
}

// renamed returns the new object that replaces a deleted one: the one of its kind with the same content, or else the
// only one, if no other of the kind is deleted; nil if there is none.
func (u *Upgrade) renamed(o *chart.Object) *chart.Object {
	isSameKind := func(other *chart.Object) bool { return other.Kind == o.Kind && other.Group() == o.Group() }
	var created []*chart.Object
	for _, other := range u.Created {
		if isSameKind(other) {
			if reflect.DeepEqual(contentOf(o), contentOf(other)) {
				return other
			}
			created = append(created, other)
		}
	}
	deleted := 0
	for _, other := range u.Deleted {
		if isSameKind(other) {
			deleted++
		}
	}
	if len(created) == 1 && deleted == 1 {
		return created[0]
	}
	return nil
}

// contentOf returns a manifest without the metadata.
func contentOf(o *chart.Object) any {
	manifest, err := o.JSON()
	content, ok := manifest.(map[string]any)
	if err != nil || !ok {
		return nil
	}
	delete(content, "metadata")
	return content
}

// presentFile returns the template of the chart that has the name of the one that rendered an object of the base, or
// else Chart.yaml.
func (p *Pass) presentFile(o *chart.Object) chart.Position {
	_, inChart, _ := strings.Cut(o.Template(), "/")
	if file := p.Chart.File(filepath.ToSlash(inChart)); file != nil {
		return file.Position
	}
	return p.Chart.MetadataPosition("version")
}
