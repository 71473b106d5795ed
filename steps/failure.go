package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cucumber/godog"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/aymanbagabas/go-udiff"

	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/internal/rollout"
)

// explain attaches diagnostics to a failed step: details of failed waits, the last Helm command, and the differences
// between rendered and live objects. It returns no error, because godog would then print the step's error twice.
func (s *scenario) explain(
	ctx context.Context, _ *godog.Step, status godog.StepResultStatus, err error,
) (context.Context, error) {
	if status == godog.StepSkipped && err != nil {
		return attach(ctx, "Skipped", "text/plain", err.Error()), nil
	}
	if status != godog.StepFailed {
		return ctx, nil
	}
	ctx = attach(ctx, "Why", "text/plain", strings.Join(details(err), "\n\n"))
	if last := s.helm.last; last != nil {
		ctx = attach(ctx, "Helm", "text/plain", printedBy(last, err))
	}
	return attach(ctx, "Difference", "text/x-diff", difference(ctx, s.cluster.resources, s.helm.releases)), nil
}

// printedBy returns the last Helm command with its output, without what the step's error says already.
func printedBy(last *helm.Result, err error) string {
	printed := last.Output + last.Warnings
	if failed := (*helmError)(nil); errors.As(err, &failed) && failed.command == last.Command {
		printed = last.Output
		if printed == "" {
			return ""
		}
	}
	return "$ " + last.Command + "\n" + printed
}

// details returns the details of all waits that failed with err.
func details(err error) []string {
	switch err := err.(type) { //nolint:errorlint // errors.As finds one, and there may be several
	case *rollout.Error:
		return []string{err.Detail()}
	case interface{ Unwrap() error }:
		return details(err.Unwrap())
	case interface{ Unwrap() []error }:
		var all []string
		for _, wrapped := range err.Unwrap() {
			all = append(all, details(wrapped)...)
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

// difference returns a unified diff between the rendered objects of releases and the live ones, or "" if they are
// equal. Fields that were not rendered, such as defaults and status, make no difference.
func difference(ctx context.Context, cluster *resources, installed releases) string {
	var diff strings.Builder
	for _, release := range installed.sorted() {
		for _, rendered := range objects(release.Manifest) {
			live, err := cluster.live(ctx, rendered, release.Namespace)
			switch {
			case apierrors.IsNotFound(err):
				fmt.Fprintf(&diff, "%s/%s was rendered, but does not exist\n", rendered.GetKind(), rendered.GetName())
			case err != nil:
				fmt.Fprintf(&diff, "%s/%s: %v\n", rendered.GetKind(), rendered.GetName(), err)
			default:
				diff.WriteString(objectDiff(rendered, live))
			}
		}
	}
	return diff.String()
}

func objectDiff(rendered, live *unstructured.Unstructured) string {
	name := rendered.GetKind() + "/" + rendered.GetName()
	return udiff.Unified(name+" as rendered", name+" in the cluster",
		asYAML(rendered.Object), asYAML(project(live.Object, rendered.Object)))
}

// project returns live without the fields that rendered does not have. Items of lists correspond by their index.
func project(live, rendered any) any {
	switch rendered := rendered.(type) {
	case map[string]any:
		fields, ok := live.(map[string]any)
		if !ok {
			return live
		}
		projected := map[string]any{}
		for key, value := range rendered {
			if field, ok := fields[key]; ok {
				projected[key] = project(field, value)
			}
		}
		return projected
	case []any:
		items, ok := live.([]any)
		if !ok {
			return live
		}
		projected := make([]any, len(items))
		for i, item := range items {
			projected[i] = item
			if i < len(rendered) {
				projected[i] = project(item, rendered[i])
			}
		}
		return projected
	}
	return live
}
