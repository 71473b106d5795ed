// Package acceptance runs the acceptance tests of a Helm chart: it lints the chart, gives the run a Kubernetes API, and
// runs the scenarios of a folder of .feature files as real Helm commands. A test calls [Run]:
//
//	func TestFeatures(t *testing.T) {
//		acceptance.Run(t, acceptance.Suite{Chart: "./charts/shop"})
//	}
//
// The flags of a run, such as -cluster=kind, -report DIR and -keep-failed, are flags of the test binary; importing
// this package registers them. `go test -run TestFeatures -args -help` lists them.
//
// Package steps documents the vocabulary of the scenarios and the API for steps of your own.
package acceptance

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/steps"
)

// Suite describes a chart and its scenarios. The zero value tests the only chart below ./charts with the scenarios in
// ./features.
type Suite struct {
	// Chart is the path of the chart as scenarios write it, relative to the folder of the test. The flag -chart tests
	// another copy in its place. Empty means the only chart below ./charts.
	Chart string
	// Release is the release of steps that name none. Empty means the name of the chart.
	Release string
	// Namespace is the namespace of steps that name none. Empty means the name of the chart.
	Namespace string
	// Features is the folder of the .feature files. The flag -features overrides it. Empty means "features".
	Features string
	// Steps registers additional steps, for example s.Step(steps.Step{Phrase: "the shop is open", …}). It is called for
	// each scenario, and before the run to check the features. Nil means that the suite has no steps of its own.
	Steps steps.OwnSteps
	// Rules are rules of the suite's own, which the linter applies besides its built-in ones.
	Rules []linter.Rule
}

// Resolve returns the suite with the defaults of its empty fields. It returns an error if there is no chart, if the
// chart cannot be loaded, or if a name is invalid.
func (suite Suite) Resolve() (Suite, error) {
	suite, _, err := suite.resolve("", "")
	return suite, err
}

// resolve returns the suite with the defaults of its empty fields, and the path of the chart to test: source, or
// suite.Chart if source is empty. features replaces suite.Features unless it is empty.
func (suite Suite) resolve(source, features string) (Suite, string, error) {
	if suite.Chart == "" {
		found, err := onlyChart()
		switch {
		case err == nil:
			suite.Chart = found
		case source == "":
			return suite, "", err
		default:
			suite.Chart = source
		}
	}
	if about, err := os.Stat(source); err == nil && !about.IsDir() && source != suite.Chart {
		return suite, "", fmt.Errorf("-chart %s is a file: unpack it, and pass the folder of the chart", source)
	}
	source = cmp.Or(source, suite.Chart)
	loaded, err := chart.Load(source)
	if err != nil {
		return suite, "", err
	}
	suite.Features = cmp.Or(features, suite.Features, "features")
	suite.Release = cmp.Or(suite.Release, loaded.Name())
	suite.Namespace = cmp.Or(suite.Namespace, loaded.Name())
	return suite, source, suite.validateNames()
}

// maxReleaseName is the longest release name that Helm accepts, in bytes.
const maxReleaseName = 53

func (suite Suite) validateNames() error {
	var failed []error
	problems := validation.IsDNS1123Subdomain(suite.Release)
	if len(suite.Release) > maxReleaseName {
		problems = append(problems, fmt.Sprintf("must be no more than %d bytes", maxReleaseName))
	}
	if len(problems) > 0 {
		failed = append(failed, fmt.Errorf("invalid release name %q: %s", suite.Release, strings.Join(problems, "; ")))
	}
	if problems := validation.IsDNS1123Label(suite.Namespace); len(problems) > 0 {
		failed = append(failed, fmt.Errorf("invalid namespace %q: %s", suite.Namespace, strings.Join(problems, "; ")))
	}
	return errors.Join(failed...)
}

// onlyChart returns the path of the only chart below ./charts.
func onlyChart() (string, error) {
	files, err := filepath.Glob("charts/*/Chart.yaml")
	if err != nil {
		return "", err
	}
	switch len(files) {
	case 0:
		return "", errors.New("no chart found: ./charts/*/Chart.yaml does not exist; set Suite.Chart or pass -chart PATH")
	case 1:
		return "./" + filepath.ToSlash(filepath.Dir(files[0])), nil
	}
	var charts []string
	for _, file := range files {
		charts = append(charts, "./"+filepath.ToSlash(filepath.Dir(file)))
	}
	return "", fmt.Errorf("found %d charts (%s): set Suite.Chart or pass -chart PATH",
		len(charts), strings.Join(charts, ", "))
}
