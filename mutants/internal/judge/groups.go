package judge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/mutants/internal/generate"
)

// firstScenarios is the number of scenarios that run for a mutant before it is a suspect.
const firstScenarios = 5

// tryBest runs the most promising scenarios of a mutant, until one fails.
func (j *judge) tryBest(ctx context.Context, t *trial) (killed bool, err error) {
	for _, s := range t.left {
		if known, ok := j.cache.get(j.key(t, s)); ok && known.Failed {
			return true, j.decide(t, Killed, known.By, known.Words)
		}
	}
	for n := 0; n < firstScenarios && len(t.left) > 0; n++ {
		if killed, err = j.tryNext(ctx, t); killed || err != nil {
			return killed, err
		}
	}
	if len(t.left) == 0 {
		return true, j.decide(t, Survived, "", "")
	}
	return false, nil
}

// tryNext runs the most promising scenario that is left.
func (j *judge) tryNext(ctx context.Context, t *trial) (killed bool, err error) {
	s := t.left[0]
	t.left = t.left[1:]
	return j.try(ctx, t, s)
}

// try runs a scenario, and concludes the mutant if it fails.
func (j *judge) try(ctx context.Context, t *trial, s *scenario) (killed bool, err error) {
	failed, err := j.run(ctx, t, s)
	if err != nil || failed == nil {
		return false, err
	}
	j.index.killed(s, t.differing[s])
	return true, j.decide(t, Killed, failed.By, failed.Words)
}

// groupSize is the maximum number of suspects in one copy of the chart.
const groupSize = 16

// tryGroups judges the suspects, several in one copy of the chart.
func (j *judge) tryGroups(ctx context.Context, suspects []*trial) error {
	slices.SortFunc(suspects, func(a, b *trial) int { return strings.Compare(a.ID, b.ID) }) // spreads them over the files
	for n := 0; len(suspects) > 0; n++ {
		group, rest, err := j.group(ctx, suspects, fmt.Sprintf("group-%d", n))
		if err != nil {
			return err
		}
		suspects = rest
		if err := j.tryGroup(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

// group is suspects in one copy of the chart.
type group struct {
	copied    string
	suspects  []*trial
	differing map[*scenario][]helm.Difference
}

// group returns suspects that can share a copy of the chart, and the rest.
func (j *judge) group(ctx context.Context, suspects []*trial, name string) (g *group, rest []*trial, err error) {
	g = new(group)
	for _, t := range suspects {
		if len(g.suspects) < groupSize && !slices.ContainsFunc(g.suspects, t.overlaps) {
			g.suspects = append(g.suspects, t)
		} else {
			rest = append(rest, t)
		}
	}
	for n := 0; len(g.suspects) > 1; n++ {
		hidden, err := j.join(ctx, g, fmt.Sprintf("%s-%d", name, n))
		if err != nil || len(hidden) == 0 {
			return g, rest, err
		}
		rest = append(rest, hidden...)
		g.suspects = slices.DeleteFunc(g.suspects, func(t *trial) bool { return slices.Contains(hidden, t) })
	}
	g.copied, g.differing = g.suspects[0].copied, g.suspects[0].differing
	return g, rest, nil
}

// overlaps reports whether two mutants cannot be made in one copy of the chart.
func (t *trial) overlaps(other *trial) bool {
	return other.File == t.File && (other.Line <= t.EndLine && t.Line <= other.EndLine || t.File == ".helmignore")
}

// join puts the suspects of a group into one copy of the chart. It returns those whose effect is not the same as alone,
// but never all of them.
func (j *judge) join(ctx context.Context, g *group, name string) (hidden []*trial, err error) {
	var mutants []generate.Mutant
	for _, t := range g.suspects {
		mutants = append(mutants, t.Mutant)
	}
	if g.copied, err = j.copyWith(name, mutants...); err != nil {
		return nil, err
	}
	differences, err := j.render(ctx, g.copied, mutants...)
	if err != nil {
		return nil, err
	}
	g.differing = map[*scenario][]helm.Difference{}
	for _, d := range differences {
		s := j.scenarios[d.Recording]
		g.differing[s] = append(g.differing[s], d)
	}
	for _, t := range g.suspects {
		if !includes(g.differing, t.differing) {
			hidden = append(hidden, t)
		}
	}
	if len(hidden) == len(g.suspects) {
		hidden = hidden[1:]
	}
	return hidden, nil
}

// includes reports whether the differences of a group include those of one of its mutants.
func includes(all, own map[*scenario][]helm.Difference) bool {
	type place struct {
		recording, command int
		part               string
	}
	for s, differences := range own {
		places := map[place]map[string]bool{}
		for _, d := range all[s] {
			places[place{d.Recording, d.Command, d.Part}] = lines(d)
		}
		for _, d := range differences {
			changed := places[place{d.Recording, d.Command, d.Part}]
			for line := range lines(d) {
				if !changed[line] {
					return false
				}
			}
		}
	}
	return true
}

// tryGroup runs the scenarios that are left of a group of suspects, and those that fail for each suspect alone.
func (j *judge) tryGroup(ctx context.Context, g *group) error {
	left := map[*scenario]bool{}
	for _, t := range g.suspects {
		for _, s := range t.left {
			if _, known := j.cache.get(j.key(t, s)); !known {
				left[s] = true
			}
		}
	}
	failed, err := j.runAll(ctx, g.copied, slices.Collect(maps.Keys(left)))
	if err != nil {
		return err
	}
	var trials errgroup.Group
	for _, t := range g.suspects {
		trials.Go(func() error { return j.tryFailed(ctx, t, failed, len(g.suspects) == 1) })
	}
	return trials.Wait()
}

// runAll runs scenarios with a copy of the chart, the longest first, and returns the failures.
func (j *judge) runAll(ctx context.Context, copied string, scenarios []*scenario) (map[*scenario]*Failure, error) {
	var mu sync.Mutex
	failed := map[*scenario]*Failure{}
	runs, ctx := errgroup.WithContext(ctx)
	slices.SortFunc(scenarios, func(a, b *scenario) int { return int(b.duration - a.duration) })
	for _, s := range scenarios {
		runs.Go(func() error {
			noticed, err := j.runScenario(ctx, copied, s)
			mu.Lock()
			defer mu.Unlock()
			if noticed != nil {
				failed[s] = noticed
			}
			return err
		})
	}
	return failed, runs.Wait()
}

// tryFailed concludes a suspect after the scenarios of its group. alone says that it was the only one.
func (j *judge) tryFailed(ctx context.Context, t *trial, failed map[*scenario]*Failure, alone bool) error {
	for _, s := range t.left {
		known, isKnown := j.cache.get(j.key(t, s))
		switch noticed := failed[s]; {
		case isKnown && !known.Failed:
		case noticed == nil && !isKnown:
			j.cache.put(j.key(t, s), outcome{})
		case alone && !isKnown:
			j.cache.put(j.key(t, s), outcomeOf(noticed))
			return j.decide(t, Killed, noticed.By, noticed.Words)
		default:
			if killed, err := j.try(ctx, t, s); killed || err != nil {
				return err
			}
		}
	}
	return j.decide(t, Survived, "", "")
}
