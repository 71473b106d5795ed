package upgrade

import (
	"reflect"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/internal/apicheck"
)

// Refused is an update that the API server refuses.
type Refused struct {
	chart.Pair
	// Refusal is the API server's reason.
	Refusal apicheck.Refusal
	// Changes are what it refuses: each of them alone, or else all of them together.
	Changes []Change
}

// Checker gives the API server's verdicts.
type Checker interface {
	Check(apicheck.Release) ([]apicheck.Verdict, error)
}

// Refused asks which updates an API server of a version of Kubernetes refuses. What it would also refuse in a new
// object is not a matter of the upgrade, and an object that could not be installed before is not updated.
func (u *Upgrade) Refused(checker Checker, kubeVersion string) ([]Refused, error) {
	asking := asking{checker, apicheck.Release{KubernetesVersion: kubeVersion, Namespace: u.After.Release().Namespace}}
	var pairs []chart.Pair
	var items []apicheck.Item
	for _, pair := range u.Updated {
		before, err := pair.Base.JSON()
		if err != nil {
			continue // duplicate-key and manifest-invalid say what is wrong with it
		}
		after, err := pair.Other.JSON()
		if err != nil {
			continue
		}
		pairs, items = append(pairs, pair), append(items, apicheck.Item{Object: after, Previous: before})
	}
	verdicts, err := asking.check(items...)
	if err != nil {
		return nil, err
	}
	var all []Refused
	for i, verdict := range verdicts {
		refusals, err := asking.onlyInUpdates(items[i], verdict.Refusals)
		if err != nil {
			return nil, err
		}
		for _, refusal := range refusals {
			changes, err := asking.causes(items[i], refusal)
			if err != nil {
				return nil, err
			}
			if !saysAlready(all, pairs[i], changes) {
				all = append(all, Refused{pairs[i], refusal, changes})
			}
		}
	}
	return all, nil
}

// saysAlready reports whether the last refusal is about the same changes.
func saysAlready(all []Refused, pair chart.Pair, changes []Change) bool {
	if len(all) == 0 {
		return false
	}
	last := all[len(all)-1]
	return last.Pair == pair && reflect.DeepEqual(last.Changes, changes)
}

// asking is a question to a checker, without the objects.
type asking struct {
	checker Checker
	release apicheck.Release
}

func (a asking) check(items ...apicheck.Item) ([]apicheck.Verdict, error) {
	a.release.Objects = items
	return a.checker.Check(a.release)
}

// onlyInUpdates returns the refusals of an update that are not refusals of a new object too.
func (a asking) onlyInUpdates(item apicheck.Item, refusals []apicheck.Refusal) ([]apicheck.Refusal, error) {
	if len(refusals) == 0 {
		return nil, nil
	}
	created, err := a.check(apicheck.Item{Object: item.Object})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(refusals), func(r apicheck.Refusal) bool {
		return slices.ContainsFunc(created[0].Refusals, isLike(r))
	}), nil
}

// causes returns the changes that are refused for a reason when they are made alone; all changes if none is.
func (a asking) causes(item apicheck.Item, refusal apicheck.Refusal) ([]Change, error) {
	changes := Changes(item.Previous, item.Object)
	var causes []Change
	for _, change := range changes {
		alone, err := a.check(apicheck.Item{Object: change.applied(item.Previous), Previous: item.Previous})
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(alone[0].Refusals, isLike(refusal)) {
			causes = append(causes, change)
		}
	}
	if causes == nil {
		causes = changes
	}
	return causes, nil
}

// isLike matches refusals of the same field for the same reason.
func isLike(refusal apicheck.Refusal) func(apicheck.Refusal) bool {
	return func(other apicheck.Refusal) bool { return other.Field == refusal.Field && other.Type == refusal.Type }
}
