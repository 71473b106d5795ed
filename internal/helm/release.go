package helm

import (
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
)

// Release is one revision of a release.
type Release struct {
	Name      string
	Namespace string
	Revision  int // counts from 1

	Status      Status
	Description string    // for instance "Upgrade complete", or why it failed
	Deployed    time.Time // when this revision was deployed last

	Chart    Chart
	Values   map[string]any // those given on the command line, without the chart's defaults
	Manifest string         // YAML documents as rendered, without hooks
	Hooks    []Hook
	Notes    string // the rendered NOTES.txt
}

// Chart is the chart of a release.
type Chart struct {
	Name       string
	Version    string
	AppVersion string
}

// Hook is an object that Helm creates at an event of a release.
type Hook struct {
	Name     string
	Manifest string // one YAML document
	Events   []HookEvent
	LastRun  HookRun
}

// HookEvent is when a hook runs, for instance "pre-install" or "test".
type HookEvent string

// HookRun is the last execution of a hook. Its times are zero if the hook never started or has not completed.
type HookRun struct {
	StartedAt   time.Time
	CompletedAt time.Time
	Phase       string // Unknown, Running, Succeeded or Failed
}

// Status is the state of a revision.
type Status string

// The statuses of revisions, as `helm status` prints them.
const (
	StatusUnknown         Status = "unknown"
	StatusDeployed        Status = "deployed"
	StatusUninstalled     Status = "uninstalled"
	StatusSuperseded      Status = "superseded"
	StatusFailed          Status = "failed"
	StatusUninstalling    Status = "uninstalling"
	StatusPendingInstall  Status = "pending-install"
	StatusPendingUpgrade  Status = "pending-upgrade"
	StatusPendingRollback Status = "pending-rollback"
)

// Statuses are all statuses that a revision may have.
var Statuses = []Status{
	StatusDeployed, StatusFailed, StatusSuperseded, StatusUninstalled, StatusUninstalling,
	StatusPendingInstall, StatusPendingUpgrade, StatusPendingRollback, StatusUnknown,
}

// newReleases converts releases of Helm's SDK. Values are shared with them.
func newReleases(from []*release.Release) []*Release {
	var all []*Release
	for _, revision := range from {
		all = append(all, newRelease(revision))
	}
	return all
}

func newRelease(from *release.Release) *Release {
	if from == nil {
		return nil
	}
	converted := &Release{
		Name: from.Name, Namespace: from.Namespace, Revision: from.Version,
		Chart: newChart(from.Chart), Values: from.Config, Manifest: from.Manifest,
	}
	if info := from.Info; info != nil {
		converted.Status, converted.Description = Status(info.Status), info.Description
		converted.Deployed, converted.Notes = info.LastDeployed.Time, info.Notes
	}
	for _, hook := range from.Hooks {
		converted.Hooks = append(converted.Hooks, newHook(hook))
	}
	return converted
}

// newChart returns the zero Chart for a stored release that has lost its chart, which happens on real clusters.
func newChart(from *chart.Chart) Chart {
	if from == nil || from.Metadata == nil {
		return Chart{}
	}
	return Chart{Name: from.Metadata.Name, Version: from.Metadata.Version, AppVersion: from.Metadata.AppVersion}
}

func newHook(from *release.Hook) Hook {
	hook := Hook{Name: from.Name, Manifest: from.Manifest, LastRun: HookRun{
		StartedAt: from.LastRun.StartedAt.Time, CompletedAt: from.LastRun.CompletedAt.Time, Phase: string(from.LastRun.Phase),
	}}
	for _, event := range from.Events {
		hook.Events = append(hook.Events, HookEvent(event))
	}
	return hook
}
