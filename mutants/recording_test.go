package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/acceptance"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/steps"
)

// TestRecording records all scenarios of this repository, and renders each of their Helm commands again without the
// cluster.
func TestRecording(t *testing.T) {
	skipIfShort(t)
	chart := "../charts/traderadmin"
	provider, err := acceptance.OpenCluster("embedded", chart, cluster.Options{}, &bytes.Buffer{})
	require.NoError(t, err)
	require.NoError(t, provider.Start(t.Context()))
	defer func() { assert.NoError(t, provider.Stop()) }()

	recorder := new(steps.Recorder)
	session, err := traderadmin.Begin(t.Context(), provider, steps.Options{ChartSource: chart, Recorder: recorder})
	require.NoError(t, err)
	var printed bytes.Buffer
	assert.True(t, session.Run(t.Context(), godog.Options{
		Paths: []string{"../features"}, Format: "progress", Output: &printed, NoColors: true, Concurrency: 8,
	}, nil), printed.String())
	require.NoError(t, session.Close(t.Context()))

	folder, err := filepath.Abs(chart)
	require.NoError(t, err)
	var recordings []*helm.Recording
	commands := 0
	for _, scenario := range recorder.Scenarios() {
		recordings = append(recordings, scenario.Commands)
		commands += len(scenario.Commands.Commands())
	}
	assert.Greater(t, commands, 150)
	baseline, err := helm.NewBaseline(t.Context(), folder, recordings)
	require.NoError(t, err)
	assert.Empty(t, baseline.Unlike())
	found, err := baseline.Compare(t.Context(), folder, "")
	require.NoError(t, err)
	assert.Empty(t, found)
}
