package chart

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
)

// LoadError says why Helm cannot load a chart.
type LoadError struct {
	Path     string   // of the chart
	Position Position // in the file at fault, as far as it is known; at least the chart itself
	Message  string   // the cause
}

func (e *LoadError) Error() string {
	if e.Position.File == filepath.Clean(e.Path) {
		return fmt.Sprintf("load chart %s: %s", e.Path, e.Message)
	}
	return fmt.Sprintf("load chart %s: %s: %s", e.Path, e.Position, e.Message)
}

var (
	// unpacking begins the error about a subchart.
	unpacking = regexp.MustCompile(`^error unpacking subchart (?:tar in )?(\S+?)(?: in \S+)?: `)
	// cannotLoad begins the error about a file. What follows converts YAML to JSON before it decodes it.
	cannotLoad = regexp.MustCompile(`^cannot load (\S+): (?:error converting YAML to JSON: |error unmarshaling JSON: ` +
		`while decoding JSON: )?`)
	// invalidMetadata begins the error about a field of Chart.yaml.
	invalidMetadata = regexp.MustCompile(`^validation: (?:chart\.metadata\.)?`)
	// wrongType is the error of encoding/json about a value of another type.
	wrongType = regexp.MustCompile(`^json: cannot unmarshal (\S+) into Go (?:struct field \w+\.(\S+)|value) of type (.+)$`)
)

// newLoadError finds the file and the line of an error of Helm's loader. files are those of the chart, as far as they
// are known.
func newLoadError(root string, files []*loader.BufferedFile, err error) *LoadError {
	e := &LoadError{Path: root, Position: Position{File: filepath.Clean(root)}, Message: err.Error()}
	folder := ""
	for {
		found := unpacking.FindStringSubmatch(e.Message)
		if found == nil {
			break
		}
		e.Message, folder = e.Message[len(found[0]):], path.Join(folder, "charts", found[1])
	}
	name := folder
	if found := cannotLoad.FindStringSubmatch(e.Message); found != nil {
		name, e.Message = path.Join(folder, found[1]), e.Message[len(found[0]):]
	} else if found := invalidMetadata.FindString(e.Message); found != "" {
		name, e.Message = path.Join(folder, "Chart.yaml"), e.Message[len(found):]
	}
	e.Position.File = filepath.Join(e.Position.File, filepath.FromSlash(name))
	e.explain(contentOf(files, name))
	return e
}

func contentOf(files []*loader.BufferedFile, name string) string {
	if i := slices.IndexFunc(files, func(f *loader.BufferedFile) bool { return f.Name == name }); i >= 0 {
		return string(files[i].Data)
	}
	return ""
}

// explain puts the cause in words, and finds its line in the content of the file.
func (e *LoadError) explain(content string) {
	if strings.HasPrefix(e.Message, "yaml: ") {
		if line, problem := SyntaxError(content); line > 0 {
			e.Position.Line, e.Message = line, problem
		}
		e.Message = yamlLine.ReplaceAllString(e.Message, "")
		return
	}
	if found := wrongType.FindStringSubmatch(e.Message); found != nil {
		subject := found[2]
		if subject == "" {
			subject = "the file"
		}
		e.Message = fmt.Sprintf("%s must be %s, not %s", subject, nounOf(found[3]), nounOf(found[1]))
	}
}

// nounOf names a type of Go or of JSON.
func nounOf(name string) string {
	switch {
	case strings.HasPrefix(name, "[]"), name == "array":
		return "a list"
	case strings.HasPrefix(name, "map["), strings.Contains(name, "."), name == "object":
		return "a map"
	case name == "bool":
		return "a boolean"
	}
	return "a " + name
}
