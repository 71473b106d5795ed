package main

import (
	"bytes"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/acceptance"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/steps"
)

// TestRecording records all scenarios of this repository, and replays each of their Helm commands without the cluster.
func TestRecording(t *testing.T) {
	skipIfShort(t)
	chart := "../charts/traderadmin"
	provider, err := acceptance.OpenCluster("embedded", chart, cluster.Options{}, &bytes.Buffer{})
	require.NoError(t, err)
	require.NoError(t, provider.Start(t.Context()))
	defer func() { assert.NoError(t, provider.Stop()) }()

	recorder := new(steps.Recorder)
	suite := traderadmin
	session, err := suite.Begin(t.Context(), provider, steps.Options{ChartSource: chart, Recorder: recorder})
	require.NoError(t, err)
	var printed bytes.Buffer
	assert.True(t, session.Run(t.Context(), godog.Options{
		Paths: []string{"../features"}, Format: "progress", Output: &printed, NoColors: true, Concurrency: 8,
	}, nil), printed.String())
	require.NoError(t, session.Close(t.Context()))

	folder, err := filepath.Abs(chart)
	require.NoError(t, err)
	replayer, err := helm.NewReplayer(folder, folder)
	require.NoError(t, err)
	replayAll := func() map[*helm.Recorded]helm.Rendered {
		all := map[*helm.Recorded]helm.Rendered{}
		for _, scenario := range recorder.Scenarios() {
			rendered, err := replayer.Replay(t.Context(), scenario.Commands)
			require.NoError(t, err)
			for i, command := range scenario.Commands.Commands() {
				if rendered[i] != nil {
					all[command] = rendered[i]
				}
			}
		}
		return all
	}
	start := time.Now()
	first := replayAll()
	t.Logf("replayed %d commands in %s", len(first), time.Since(start))
	again := replayAll()
	for _, scenario := range recorder.Scenarios() {
		for _, command := range scenario.Commands.Commands() {
			replayed, ok := first[command]
			if !ok {
				continue
			}
			masks := replayed.Masks(again[command])
			recorded, replayed := masks.Apply(command.Rendered), masks.Apply(replayed)
			if command.Failed && replayed["error"] == "" {
				continue // the cluster refused it
			}
			maps.DeleteFunc(recorded, func(name, _ string) bool { return name == "values" || name == "warnings" })
			delete(replayed, "values")
			assert.Equal(t, recorded, replayed, "%s: helm %v", scenario.Name, command.Args)
		}
	}
	assert.Greater(t, len(first), 100)
}
