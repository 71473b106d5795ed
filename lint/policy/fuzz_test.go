package policy_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/policy"
)

// FuzzConfig loads arbitrary configuration files. A file is loaded with all its parts valid, or rejected with an error
// that names it.
func FuzzConfig(f *testing.F) {
	fixtures, err := filepath.Glob("../rule/testdata/*/*.txtar")
	require.NoError(f, err)
	require.NotEmpty(f, fixtures)
	for _, fixture := range fixtures {
		archive, err := txtar.ParseFile(fixture)
		require.NoError(f, err)
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, policy.FileName) {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file := write(t, t.TempDir(), string(content))
		p, err := policy.Load(file, rules)
		if err != nil {
			require.ErrorContains(t, err, file)
			return
		}
		for _, s := range p.Suppressions {
			require.Contains(t, rules, s.Rule)
			require.NotEmpty(t, s.Reason)
			require.NotZero(t, s.Position.Line)
			s.Expired(time.Now())
			s.Matches(s.Rule, "Deployment/a", "a", "default values")
		}
		for _, set := range p.ValuesSets {
			require.NotEmpty(t, set.Name)
			require.NotZero(t, set.Position.Line)
		}
		for id := range p.Rules {
			require.Contains(t, rules, id)
		}
	})
}
