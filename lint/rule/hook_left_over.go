package rule

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "hook-left-over",
		Title: "Hooks are deleted before they are made again",
		Why: "Without a delete policy Helm deletes the hook of the run before. A policy that lacks before-hook-creation " +
			"leaves the hook where it is if a run is interrupted or, with hook-succeeded alone, fails. The next run " +
			"fails with \"already exists\".",
		Bad: `helm.sh/hook: pre-upgrade
helm.sh/hook-delete-policy: hook-succeeded`,
		Good: `helm.sh/hook: pre-upgrade
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded`,
		Severity:         Warning,
		ComparesReleases: true,
		Check:            checkHookLeftOver,
	})
}

func checkHookLeftOver(p *Pass) {
	const key, wanted = "helm.sh/hook-delete-policy", "before-hook-creation"
	for _, pair := range p.Pairs {
		o := pair.Base
		policy := o.Get("metadata", "annotations", key)
		if o.Hook() == chart.NoHook || strings.TrimSpace(policy.Text()) == "" || strings.Contains(policy.Text(), wanted) ||
			changesName(pair.Other) || o.IsDrawn() || o.Name == "" {
			continue
		}
		occasion := "is interrupted"
		if !strings.Contains(policy.Text(), "hook-failed") {
			occasion = "fails or is interrupted"
		}
		p.Report(Finding{
			Node: policy,
			Message: fmt.Sprintf("the hook %s stays if a run %s, and the next run fails because it exists: its delete policy "+
				"is %s, without %s", o, occasion, policy.Text(), wanted),
			Fix:    fmt.Sprintf("Add %s to %s.", wanted, key),
			Object: o.String(),
		})
	}
}
