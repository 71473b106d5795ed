package budget_test

import (
	"fmt"
	"log"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/budget"
	"github.com/traderadmin/charts/lint/policy"
)

func ExampleOf() {
	c, err := chart.Load("../../charts/traderadmin")
	if err != nil {
		log.Fatal(err)
	}
	release := budget.Of(c.Render(chart.Variant{}).Objects, policy.Default().Resources)
	cpu := release.Peak("requests.cpu")
	usage := cpu.Usage("requests.cpu")
	fmt.Printf("%s of requests.cpu when %s\n", &usage, cpu.Name)
	// Output: 500m of requests.cpu when rolling out
}
