package main

import (
	_ "embed"
	"fmt"
	"strings"

	nodestages "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	podstages "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/config"
)

var (
	//go:embed stages/pod-image-pull-error.yaml
	imagePullError string
	//go:embed stages/pod-image-pull-backoff.yaml
	imagePullBackOff string
)

// loadStages returns the stages by the kind that they apply to. With KWOK's own stages, a node is Ready at once and
// stays Ready by its lease. A pod runs as soon as it is bound and the gate admits it, succeeds at once if a Job owns
// it, and disappears as soon as it is deleted. The stages in the directory stages are an exception: a pod with an image
// that cannot be pulled is not Ready.
func loadStages() (map[internalversion.StageResourceRef][]*internalversion.Stage, error) {
	byKind := map[internalversion.StageResourceRef][]*internalversion.Stage{}
	byName := map[string]*internalversion.Stage{}
	for _, raw := range []string{
		nodestages.DefaultNodeInit,
		heartbeat.DefaultNodeHeartbeatWithLease,
		podstages.DefaultPodReady,
		podstages.DefaultPodComplete,
		podstages.DefaultPodDelete,
		imagePullError,
		imagePullBackOff,
	} {
		stage, err := config.UnmarshalWithType[*internalversion.Stage](raw)
		if err != nil {
			return nil, fmt.Errorf("parse the stage %q: %w", strings.SplitN(raw, "\n", 2)[0], err)
		}
		byKind[stage.Spec.ResourceRef] = append(byKind[stage.Spec.ResourceRef], stage)
		byName[stage.Name] = stage
	}
	exclude(byName["pod-ready"], byName["pod-image-pull-error"].Spec.Selector.MatchExpressions[0])
	for _, name := range []string{"pod-ready", "pod-image-pull-error"} {
		require(byName[name], fmt.Sprintf(".metadata.annotations[%q]", admittedAnnotation))
	}
	return byKind, nil
}

// require restricts a stage to objects for which the jq expression has a result.
func require(stage *internalversion.Stage, expression string) {
	stage.Spec.Selector.MatchExpressions = append(stage.Spec.Selector.MatchExpressions, internalversion.MatchExpression{
		JQ: &internalversion.SelectorJQ{Key: expression, Operator: internalversion.SelectorOpExists},
	})
}

// exclude restricts a stage to objects for which the expression, an Exists selector, does not hold.
func exclude(stage *internalversion.Stage, expression internalversion.MatchExpression) {
	stage.Spec.Selector.MatchExpressions = append(stage.Spec.Selector.MatchExpressions, internalversion.MatchExpression{
		JQ: &internalversion.SelectorJQ{Key: expression.JQ.Key, Operator: internalversion.SelectorOpDoesNotExist},
	})
}
