package format_test

import (
	"log"
	"os"

	"github.com/traderadmin/charts/lint/format"
	"github.com/traderadmin/charts/lint/linter"
)

func ExampleWrite() {
	result := &linter.Result{
		Charts: []linter.Chart{{Path: "charts/shop", Name: "shop", Version: "1.0.0"}},
		Findings: []linter.Finding{{
			Chart: "charts/shop", Rule: "image-latest", Severity: linter.Warning,
			Position: linter.Position{File: "charts/shop/templates/web.yaml", Line: 12},
			Message:  "the image nginx has no tag", Fix: "Set a version.",
		}},
	}
	if err := format.Write(os.Stdout, "text", result); err != nil {
		log.Fatal(err)
	}
	// Output:
	// charts/shop/templates/web.yaml:12: warning: the image nginx has no tag [image-latest]
	//     Set a version.
	//
	// 1 chart, 1 finding: 1 warning (0.00 s)
}
