package policy_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/traderadmin/charts/lint/policy"
)

func ExampleLoad() {
	folder, err := os.MkdirTemp("", "chart")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, policy.FileName)
	if err := os.WriteFile(file, []byte(`
rules:
  image-latest: warning
suppressions:
  - rule: limits-missing
    object: Job/*
    reason: Jobs run alone on their nodes.
`), 0o600); err != nil {
		log.Fatal(err)
	}

	p, err := policy.Load(policy.Find(folder), []string{"image-latest", "limits-missing"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Severity("image-latest", policy.Error, false))
	fmt.Println(p.Severity("limits-missing", policy.Error, true), "in the recommended profile")
	fmt.Println(p.Suppressions[0].Matches("limits-missing", "Job/import", "import", "default values"))
	// Output:
	// warning
	// warning in the recommended profile
	// true
}
