package chart

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint/rules"
	"helm.sh/helm/v3/pkg/lint/support"
)

// HelmMessage is a message of helm lint about Chart.yaml or the files of a chart.
type HelmMessage struct {
	Position Position
	Message  string
	Severity string // error, warning or info
}

// HelmLint returns what helm lint says about Chart.yaml, the chart's dependencies and the files in its templates
// folder. It leaves out what depends on the values or the rendered objects, missing dependencies (see
// [Chart.MissingDependencies]), and the recommendation of an icon.
func (c *Chart) HelmLint() ([]HelmMessage, error) {
	folder, err := os.MkdirTemp("", "chart-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	if err := writeSkeleton(c.helm, folder); err != nil {
		return nil, fmt.Errorf("copy %s for helm lint: %w", c.path, err)
	}
	linter := &support.Linter{ChartDir: folder}
	err = func() (err error) {
		defer recoverHelm(&err)
		rules.Chartfile(linter)
		rules.Dependencies(linter)
		if len(c.helm.Templates) > 0 {
			rules.TemplatesWithSkipSchemaValidation(linter, nil, "default", nil, true)
		}
		return nil
	}()
	if err != nil {
		return nil, err
	}
	var messages []HelmMessage
	for _, m := range linter.Messages {
		if message := m.Err.Error(); !strings.Contains(message, missingDependency) && message != noIcon {
			messages = append(messages, c.helmMessage(m))
		}
	}
	return messages, nil
}

// The messages of helm lint that are left out: another check finds missing dependencies with their lines, and a chart
// works without an icon.
const (
	missingDependency = "chart directory is missing these dependencies"
	noIcon            = "icon is recommended"
)

// writeSkeleton writes what the rules of helm lint read of a chart, and nothing that renders: the templates are
// comments.
func writeSkeleton(helm *helmchart.Chart, folder string) error {
	files := map[string][]byte{}
	for _, name := range []string{metadataYAML, requirementsYAML} {
		if f := rawFile(helm, name); f != nil {
			files[name] = f.Data
		}
	}
	for _, t := range helm.Templates {
		files[t.Name] = fmt.Appendf(nil, "{{/* %s */}}", bytes.ReplaceAll(t.Data, []byte("*/"), []byte("* /")))
	}
	for i, dependency := range helm.Dependencies() {
		files[fmt.Sprintf("charts/%d/%s", i, metadataYAML)] = rawFile(dependency, metadataYAML).Data
	}
	for name, content := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// helmMessage converts a message of helm lint. Its path is that of a template, or of Chart.yaml.
func (c *Chart) helmMessage(m support.Message) HelmMessage {
	severity := map[int]string{support.ErrorSev: "error", support.WarningSev: "warning"}[m.Severity]
	if severity == "" {
		severity = "info"
	}
	at := c.metadataKey(m.Err.Error())
	if strings.HasPrefix(m.Path, "templates/") && rawFile(c.helm, path.Clean(m.Path)) != nil {
		at = c.file(path.Clean(m.Path))
	}
	message, _, _ := strings.Cut(m.Err.Error(), "\n")
	return HelmMessage{Position: at, Message: message, Severity: severity}
}

// The messages of helm lint that name an item of a list in Chart.yaml.
var (
	aboutMaintainer = regexp.MustCompile(`^invalid (email|url) '.*' for maintainer '(.*)'$`)
	aboutSource     = regexp.MustCompile(`^invalid source URL '(.*)'$`)
	aboutField      = regexp.MustCompile(
		`^(?:chart |invalid )?(apiVersion|appVersion|dependencies|icon|name|type|version)\b`)
)

// metadataKey returns the position in Chart.yaml that a message of helm lint is about, or that of the file.
func (c *Chart) metadataKey(message string) Position {
	metadata := c.helm.Metadata
	if m := aboutMaintainer.FindStringSubmatch(message); m != nil {
		for i, maintainer := range metadata.Maintainers {
			if maintainer != nil && maintainer.Name == m[2] {
				return c.MetadataPosition("maintainers", strconv.Itoa(i), m[1])
			}
		}
	}
	if strings.Contains(message, "maintainer") {
		return c.MetadataPosition("maintainers")
	}
	if m := aboutSource.FindStringSubmatch(message); m != nil {
		for i, source := range metadata.Sources {
			if source == m[1] {
				return c.MetadataPosition("sources", strconv.Itoa(i))
			}
		}
	}
	if strings.HasPrefix(message, "chart metadata is missing these dependencies") {
		return c.MetadataPosition("dependencies")
	}
	if m := aboutField.FindStringSubmatch(message); m != nil {
		return c.MetadataPosition(m[1])
	}
	return c.file(metadataYAML)
}

// RefusedVendorBuild returns the build of a Kubernetes version by a vendor, such as v1.37.2-gke.100, that the
// kubeVersion in Chart.yaml refuses although it accepts the version itself; "" if there is none. wider is a constraint
// that accepts both, or "" if none is known.
func (c *Chart) RefusedVendorBuild(version string) (build, wider string) {
	constraint := c.helm.Metadata.KubeVersion
	build = version + "-gke.100"
	if constraint == "" || !chartutil.IsCompatibleRange(constraint, version) ||
		chartutil.IsCompatibleRange(constraint, build) {
		return "", ""
	}
	wider = plainVersion.ReplaceAllString(constraint, "$1-0$2")
	if !chartutil.IsCompatibleRange(wider, build) {
		wider = ""
	}
	return build, wider
}

// plainVersion matches a version without a pre-release in a constraint.
var plainVersion = regexp.MustCompile(`(\d+\.\d+\.\d+)(\s|,|\||$)`)

// KubeVersionPosition returns the position of the kubeVersion in Chart.yaml, and its text.
func (c *Chart) KubeVersionPosition() (Position, string) {
	return c.MetadataPosition("kubeVersion"), c.helm.Metadata.KubeVersion
}
