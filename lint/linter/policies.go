package linter

import (
	"sync"

	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// policies are the policies of a run, each loaded once.
type policies struct {
	mu     sync.Mutex
	loaded map[string]*policy.Policy // by file; the defaults by the empty name
	errs   map[string]error
}

// load is the policy for the chart at a path: that of the configuration file given, else of the chart's own.
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
		p.loaded[file], p.errs[file] = policy.Load(file, rule.IDs())
	}
	return p.loaded[file], p.errs[file]
}
