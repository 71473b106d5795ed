package linter

import (
	"sync"

	"github.com/traderadmin/charts/lint/policy"
)

// policies loads the policies of a run, each once.
type policies struct {
	rules   []string       // the IDs that a policy may name
	profile policy.Profile // of all policies, unless it is empty

	mu     sync.Mutex
	loaded map[string]*policy.Policy // by file; the defaults have no file
	errs   map[string]error
}

// load returns the policy for the chart at a path: that of the configuration file, or of the chart's own if config is
// empty.
func (p *policies) load(config, chartPath string) (*policy.Policy, error) {
	file := config
	if file == "" {
		file = policy.Find(chartPath)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loaded == nil {
		p.loaded, p.errs = map[string]*policy.Policy{"": policy.Default()}, map[string]error{}
	}
	if p.loaded[file] == nil && p.errs[file] == nil {
		p.loaded[file], p.errs[file] = policy.Load(file, p.rules)
	}
	loaded := p.loaded[file]
	if loaded != nil && p.profile != "" {
		loaded.Profile = p.profile
	}
	return loaded, p.errs[file]
}
