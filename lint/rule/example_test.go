package rule_test

import (
	"fmt"
	"log"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

func ExampleRule_Run() {
	c, err := chart.Load("../../charts/traderadmin")
	if err != nil {
		log.Fatal(err)
	}
	requestAboveLimit := rule.Find("request-above-limit")
	findings := requestAboveLimit.Run(rule.Pass{
		Chart:       c,
		Rendered:    c.Render(chart.Variant{}),
		Policy:      policy.Default(),
		KubeVersion: chart.DefaultKubeVersion,
	})
	fmt.Printf("%s: %d findings\n", requestAboveLimit.Title, len(findings))
	// Output: No container requests more than its limit: 0 findings
}
