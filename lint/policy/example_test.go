package policy_test

import (
	"fmt"

	"github.com/traderadmin/charts/lint/policy"
)

func ExampleLoad() {
	p, err := policy.Load(policy.Find("testdata/example"), []string{"image-latest", "limits-missing"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Severity("image-latest", policy.Error, false))
	fmt.Println(p.Severity("limits-missing", policy.Error, true), "in the recommended profile")
	fmt.Println(p.Suppressions[0].Matches("limits-missing", "Job/import", "import", "default values"))
	// Output:
	// warning
	// warning in the recommended profile
	// true
}
