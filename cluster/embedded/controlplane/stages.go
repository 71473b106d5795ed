package main

import (
	"fmt"
	"strings"

	nodestages "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	podstages "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/config"
)

// loadStages returns the stages by the kind that they apply to. They are KWOK's own: a node is Ready at once and stays
// Ready by its lease, and a pod disappears as soon as it is deleted. A stage sees one object only, so it cannot know
// whether a pod's Secret exists: the states before that are those of lifecycle.
func loadStages() (map[internalversion.StageResourceRef][]*internalversion.Stage, error) {
	byKind := map[internalversion.StageResourceRef][]*internalversion.Stage{}
	for _, raw := range []string{
		nodestages.DefaultNodeInit,
		heartbeat.DefaultNodeHeartbeatWithLease,
		podstages.DefaultPodDelete,
	} {
		stage, err := config.UnmarshalWithType[*internalversion.Stage](raw)
		if err != nil {
			return nil, fmt.Errorf("parse the stage %q: %w", strings.SplitN(raw, "\n", 2)[0], err)
		}
		byKind[stage.Spec.ResourceRef] = append(byKind[stage.Spec.ResourceRef], stage)
	}
	return byKind, nil
}
