package steps

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cucumber/godog"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/traderadmin/charts/internal/rollout"
)

// explain attaches to a step that failed what helps to see why. A step that passed gets nothing. The error stays the step's: godog
// would say it twice if it came from here too.
func (s *scenario) explain(ctx context.Context, _ *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
	if status == godog.StepSkipped && err != nil {
		return attach(ctx, "Skipped", "text/plain", err.Error()), nil
	}
	if status != godog.StepFailed {
		return ctx, nil
	}
	ctx = attach(ctx, "Why", "text/plain", strings.Join(details(err), "\n\n"))
	if s.last != nil {
		ctx = attach(ctx, "Helm", "text/plain", "$ "+s.last.Command+"\n"+s.last.Output+s.last.Warnings)
	}
	return attach(ctx, "Difference", "text/x-diff", s.difference(ctx)), nil
}

// details are what the waits that err comes from have to say beyond it.
func details(err error) []string {
	switch err := err.(type) { //nolint:errorlint // errors.As finds one, and there may be several
	case *rollout.Error:
		return []string{err.Detail()}
	case interface{ Unwrap() error }:
		return details(err.Unwrap())
	case interface{ Unwrap() []error }:
		var all []string
		for _, one := range err.Unwrap() {
			all = append(all, details(one)...)
		}
		return all
	}
	return nil
}

func attach(ctx context.Context, name, mediaType, text string) context.Context {
	if text == "" {
		return ctx
	}
	return godog.Attach(ctx, godog.Attachment{FileName: name, MediaType: mediaType, Body: []byte(text)})
}

// difference is what the cluster holds otherwise than the releases of the scenario rendered it, as a unified diff; "" when it is all
// the same. Fields that the rendering does not have, such as defaults and status, are no difference.
func (s *scenario) difference(ctx context.Context) string {
	var diff strings.Builder
	for _, key := range slices.SortedFunc(maps.Keys(s.releases), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		for _, rendered := range objects(s.releases[key]) {
			held, err := s.suite.live(ctx, rendered, key[0])
			switch {
			case apierrors.IsNotFound(err):
				fmt.Fprintf(&diff, "%s/%s was rendered, but is not there\n", rendered.GetKind(), rendered.GetName())
			case err != nil:
				fmt.Fprintf(&diff, "%s/%s: %v\n", rendered.GetKind(), rendered.GetName(), err)
			default:
				diff.WriteString(objectDiff(rendered, held))
			}
		}
	}
	return diff.String()
}

func objectDiff(rendered, held *unstructured.Unstructured) string {
	name := rendered.GetKind() + "/" + rendered.GetName()
	return unified(
		titled{name + " as rendered", asYAML(rendered.Object)},
		titled{name + " in the cluster", asYAML(projected(held.Object, rendered.Object))},
	)
}

// projected is held without what wanted does not speak of. Items of lists are taken to correspond by their place.
func projected(held, wanted any) any {
	switch wanted := wanted.(type) {
	case map[string]any:
		fields, ok := held.(map[string]any)
		if !ok {
			return held
		}
		some := map[string]any{}
		for key, value := range wanted {
			if has, ok := fields[key]; ok {
				some[key] = projected(has, value)
			}
		}
		return some
	case []any:
		items, ok := held.([]any)
		if !ok {
			return held
		}
		some := make([]any, len(items))
		for i, item := range items {
			some[i] = item
			if i < len(wanted) {
				some[i] = projected(item, wanted[i])
			}
		}
		return some
	}
	return held
}
