package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "kube-version-narrow",
		Title: "The kubeVersion in Chart.yaml accepts the builds of vendors",
		Why: "The Kubernetes versions of cloud providers have a suffix, such as v1.33.2-gke.100 or v1.33.1-eks-595af52. In " +
			"a semantic version this is a pre-release, which a constraint without one refuses: Helm installs the chart on no " +
			"such cluster.",
		Bad:              `kubeVersion: ">=1.30.0"`,
		Good:             `kubeVersion: ">=1.30.0-0"`,
		Severity:         Warning,
		VersionDependent: true,
		Check:            checkKubeVersionNarrow,
	})
}

func checkKubeVersionNarrow(p *Pass) {
	build, wider := p.Chart.RefusedVendorBuild(p.KubeVersion)
	if build == "" {
		return
	}
	at, constraint := p.Chart.KubeVersionPosition()
	fix := `Add the pre-release -0 to the versions in the constraint, as in ">=1.30.0-0".`
	if wider != "" {
		fix = fmt.Sprintf("Write %q.", wider) + " The pre-release -0 makes the constraint accept suffixes."
	}
	p.Report(Finding{
		Position: at,
		Message: fmt.Sprintf("the kubeVersion %q refuses the builds of cloud providers, such as VERSION-gke.100",
			constraint),
		Fix: fix,
	})
}
