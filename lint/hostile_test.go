//go:build linux && !race

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
)

// A chart may come from a stranger. Whatever is in it, the linter reports one clear error or finding, in bounded time
// and memory. The race detector needs several times as much of both, so it is excluded.

// hostile is a chart with the expected result of linting it.
type hostile struct {
	files  map[string]string
	code   int
	output string // part of stderr for couldNotRun, otherwise of stdout; CHART stands for the path of the chart
}

const (
	a      = "templates/a.yaml"
	head   = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	values = "values.yaml"
	schema = "values.schema.json"
)

// aliases returns a short YAML document that stands for 10^12 values.
func aliases() string {
	out := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 12; i++ {
		out += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	return out
}

// nested returns a schema in which each level refers to the next one twice.
func nested(levels int) string {
	out := `{"$ref": "#/$defs/a0", "$defs": {`
	for i := range levels {
		out += fmt.Sprintf(`"a%d": {"allOf": [{"$ref": "#/$defs/a%d"}, {"$ref": "#/$defs/a%[2]d"}]}, `, i, i+1)
	}
	return out + fmt.Sprintf(`"a%d": {"type": "object"}}}`, levels)
}

// manyDefines returns templates that include one another in a circle. Helm limits the calls of each of them.
func manyDefines(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `{{ define "x%d" }}{{ include "x%d" . }}{{ end }}`, i, (i+1)%n)
	}
	return out.String() + `{{ include "x0" . }}`
}

func documents(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%d}\n", i)
	}
	return out.String()
}

// The charts that exceed the memory run one at a time, before the parallel tests, which they would slow down.
func TestHostileCharts(t *testing.T) {
	const recursion = "CHART: error: linting the chart takes more than 1024 MiB of memory"
	const loop = "CHART: error: linting the chart takes more than 2s of CPU time, while rendering it with default values"
	for name, test := range map[string]hostile{
		"include itself": {
			code: hasFindings, output: a + ":1:20: error: ",
			files: map[string]string{a: `{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}`},
		},
		"include in a circle": {code: hasFindings, output: recursion, files: map[string]string{a: manyDefines(2000)}},
		"template itself": {
			code: hasFindings, output: "exceeded maximum template depth",
			files: map[string]string{a: `{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}`},
		},
		"tpl itself": {
			code: hasFindings, output: loop,
			files: map[string]string{values: `t: "{{ tpl .Values.t . }}"`, a: `{{ tpl .Values.t . }}`},
		},
		"values in themselves": {code: hasFindings, output: recursion, files: map[string]string{
			a: `{{ $_ := set .Values "me" .Values }}{{ .Values }}`}},
		"conditions without end": {
			code: hasFindings, output: recursion,
			files: map[string]string{a: strings.Repeat("{{if 1}}", 300_000) + strings.Repeat("{{end}}", 300_000)},
		},
		"parentheses": {
			code: hasFindings, output: a + ":1: error: max expression depth exceeded",
			files: map[string]string{a: "{{" + strings.Repeat("(", 1_000_000)},
		},
		"loop": {
			code: hasFindings, output: loop,
			files: map[string]string{a: `{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}`},
		},
		"a list too long": {
			code: hasFindings, output: recursion,
			files: map[string]string{a: `{{ range until 1000000000 }}x{{ end }}`},
		},
		"100 MB of output": {
			code: hasFindings, output: a + ": error: the template prints 95.4 MiB",
			files: map[string]string{a: `{{ repeat 100000000 "x" }}`, "templates/b.yaml": head},
		},
		"10,000 documents": {code: clean, output: "1 chart, 0 findings", files: map[string]string{a: documents(10_000)}},
		"binary template": {
			code: hasFindings, output: a + ":1: error: the rendered YAML does not parse: ",
			files: map[string]string{a: "\x00\x01\x02\xff\xfe"},
		},
		"tabs": {
			code: hasFindings, output: a + ":4: error: the rendered YAML does not parse: ",
			files: map[string]string{a: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n"},
		},
		"brackets printed": {
			code: hasFindings, output: a + ":1: error: the rendered YAML does not parse: exceeded max depth",
			files: map[string]string{a: `a: {{ repeat 100000 "[" }}`},
		},
		"aliases printed": {
			code: hasFindings, output: a + ": error: the rendered YAML cannot be read: document contains excessive aliasing",
			files: map[string]string{a: head + aliases()},
		},
		"an alias in itself": {
			code: hasFindings, output: a + ": error: the rendered YAML cannot be read: anchor 'm' value contains itself",
			files: map[string]string{a: "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: a, labels: *m}\n"},
		},
		"names with spaces": {
			code: clean, output: "templates/a b.yaml:1:4: warning: here",
			files: map[string]string{"templates/a b.yaml": `{{ fail "here" }}`},
		},
		"windows line ends": {
			code: clean, output: a + ":4:4: warning: here",
			files: map[string]string{a: "apiVersion: v1\r\nkind: ConfigMap\r\n\r\n{{ fail \"here\" }}\r\n"},
		},
		"byte order marks": {code: clean, output: "1 chart, 0 findings", files: map[string]string{
			a: "\ufeff" + head, values: "\ufeff{}\n", "values-a.yaml": "\ufeff{}\n", policy.FileName: "\ufeffrules: {}\n"}},

		"aliases in values": {
			code: hasFindings, output: "error: Helm cannot load the chart: ",
			files: map[string]string{values: aliases()},
		},
		"aliases in a values set": {
			code: hasFindings, output: "values-a.yaml: error: the values cannot be read: ",
			files: map[string]string{"values-a.yaml": aliases()},
		},
		"values of 50 MB": {
			code: hasFindings, output: "error: Helm cannot load the chart: CHART/values.yaml has 50000000 bytes",
			files: map[string]string{values: strings.Repeat("a", 50_000_000)},
		},
		"brackets in values": {
			code: hasFindings, output: "error: Helm cannot load the chart: ",
			files: map[string]string{values: "a: " + strings.Repeat("[", 100_000)},
		},
		"values that are a list": {
			code: hasFindings, output: "error: Helm cannot load the chart: ",
			files: map[string]string{values: "[a]"},
		},
		"values that are empty": {code: clean, output: "1 chart, 0 findings", files: map[string]string{values: ""}},
		"keys that are no strings": {
			code: hasFindings, output: "error: Helm cannot load the chart: ",
			files: map[string]string{values: "? [a]\n: b\n"},
		},
		"duplicate keys": {
			code: hasFindings, output: "values.yaml:2:1: error: the values have the key a twice",
			files: map[string]string{values: "a: 1\na: 2\n", schema: `{"properties": {"a": {}}}`},
		},
		"binary values": {
			code: hasFindings, output: "error: Helm cannot load the chart: ",
			files: map[string]string{values: "\x00\x01\xff"},
		},
		"broken metadata": {
			code: hasFindings, output: "error: Helm cannot load the chart: ",
			files: map[string]string{"Chart.yaml": "a: [\n"},
		},
		"metadata of null": {
			code: hasFindings, output: "CHART/Chart.yaml: error: Helm cannot load the chart: ",
			files: map[string]string{"Chart.yaml": "null"},
		},

		"a circle in the schema": {
			code: hasFindings, output: "error: the values cannot be validated: the schema's $ref refers back to itself",
			files: map[string]string{schema: `{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}`},
		},
		"a schema of 2^60 parts": {
			code: hasFindings, output: "CHART: error: linting the chart takes more than 2s of CPU time, while checking it",
			files: map[string]string{schema: nested(60), values: "a: 1\n"},
		},
		"a slow pattern in a schema": {
			code: hasFindings, output: "values.yaml:1:4: error: a must match the pattern",
			files: map[string]string{
				schema: `{"properties": {"a": {"pattern": "^(x+x+)+y$"}}}`, values: "a: " + strings.Repeat("x", 100_000),
			},
		},
		"a large pattern in a schema": {
			code: hasFindings, output: schema + ": error: values.schema.json is not a valid JSON Schema",
			files: map[string]string{schema: `{"properties": {"a": {"pattern": "((a{0,100}){0,100}){0,100}"}}}`},
		},
		"binary schema": {
			code: hasFindings, output: schema + ":1:1: error: values.schema.json is not JSON",
			files: map[string]string{schema: "\xff\x00"},
		},

		"aliases in the configuration": {
			code: couldNotRun, output: "lint: CHART/.chartlint.yaml:1: unknown key \"a0\"",
			files: map[string]string{policy.FileName: aliases()},
		},
		"an alias in itself, configuration": {
			code: couldNotRun, output: "lint: CHART/.chartlint.yaml:1: ",
			files: map[string]string{policy.FileName: "rules: &a {x: *a}\n"},
		},
		"brackets in the configuration": {
			code: couldNotRun, output: "lint: CHART/.chartlint.yaml:1: invalid YAML: exceeded max depth",
			files: map[string]string{policy.FileName: strings.Repeat("[", 100_000)},
		},
		"a merge in the configuration": {
			code: couldNotRun, output: "lint: CHART/.chartlint.yaml:1: merge keys (<<) are not supported",
			files: map[string]string{policy.FileName: "<<: {suppressions: [{rule: nope}]}\n"},
		},
		"nulls in the configuration": {
			code: couldNotRun, output: "lint: CHART/.chartlint.yaml:1: the list has an empty item",
			files: map[string]string{policy.FileName: "suppressions: [null]\n"},
		},
		"a configuration of 20 MB": {
			code: couldNotRun, output: "lint: read the configuration: CHART/.chartlint.yaml is larger than the limit of 16 MiB",
			files: map[string]string{policy.FileName: strings.Repeat("#", 20_000_000)},
		},
		"a device as values, configuration": {
			code: couldNotRun, output: "/dev/zero is a device, not a file",
			files: map[string]string{
				policy.FileName: "valuesSets: [{name: a, files: [../../../../../../../../../../dev/zero]}]\n",
			},
		},
		"a binary configuration": {
			code: couldNotRun, output: "lint: CHART/.chartlint.yaml:1: invalid YAML: ",
			files: map[string]string{policy.FileName: "\x00\xff"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(test.output, "of memory") {
				t.Parallel()
			} else if testing.Short() {
				t.Skip("-short skips charts that fill the memory, because their time depends on the load of the machine")
			}
			withstands(t, write(t, test.files), test)
		})
	}
}

func TestHostileFolders(t *testing.T) {
	t.Parallel()
	link := func(target, name string) func(folder string) error {
		return func(folder string) error { return os.Symlink(target, filepath.Join(folder, name)) }
	}
	for name, test := range map[string]struct {
		make   func(folder string) error
		code   int
		output string
	}{
		"links in a circle": {
			code:   hasFindings,
			output: "error: Helm cannot load the chart: CHART/templates/up is a link to a folder that contains it",
			make:   link("..", "templates/up"),
		},
		"a link to itself": {
			code: hasFindings, output: "error: Helm cannot load the chart: stat CHART/me: too many levels of symbolic links",
			make: link("me", "me"),
		},
		"links without end": {
			code:   hasFindings,
			output: "error: Helm cannot load the chart: the folder has more than 20000 files, including those behind links",
			make:   binaryTree,
		},
		"a pipe as a template": {
			code: hasFindings, output: "CHART/templates/p.yaml is a named pipe, not a file", make: pipe("templates/p.yaml"),
		},
		"a pipe as .helmignore": {
			code: hasFindings, output: "CHART/.helmignore is a named pipe, not a file", make: pipe(".helmignore"),
		},
		"a pipe as the configuration": {
			code: hasFindings, output: "CHART/.chartlint.yaml is a named pipe, not a file", make: pipe(policy.FileName),
		},
		"a link to a device": {
			code: hasFindings, output: "CHART/values.yaml is a device, not a file", make: link("/dev/zero", values),
		},
		"a link to a regular file": {code: clean, make: link("Chart.yaml", "NOTES.md")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := write(t, map[string]string{a: head})
			require.NoError(t, test.make(folder))
			withstands(t, folder, hostile{code: test.code, output: test.output})
		})
	}
	t.Run("a pipe as the chart", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		require.NoError(t, pipe("app.tgz")(folder))
		want := hostile{code: couldNotRun, output: "lint: load chart CHART: it is a named pipe"}
		withstands(t, filepath.Join(folder, "app.tgz"), want)
	})
}

// binaryTree makes 18 folders, each with two links to the next one: 2^18 paths. Linux follows at most 40 links in a
// path, and may count each twice, because it resolves a path again if the first attempt, without locks, fails.
func binaryTree(folder string) error {
	var failures []error
	for i := range 18 {
		at := filepath.Join(folder, fmt.Sprint("f", i))
		failures = append(failures, os.Mkdir(at, 0o700))
		for _, name := range []string{"a", "b"} {
			failures = append(failures, os.Symlink(fmt.Sprintf("../f%d", i+1), filepath.Join(at, name)))
		}
	}
	return errors.Join(append(failures, os.Mkdir(filepath.Join(folder, "f18"), 0o700))...)
}

// pipe makes a named pipe in a folder.
func pipe(name string) func(folder string) error {
	return func(folder string) error { return syscall.Mkfifo(filepath.Join(folder, name), 0o600) }
}

func TestHostileArchives(t *testing.T) {
	t.Parallel()
	file := func(name string, size int) tar.Header { return tar.Header{Name: name, Size: int64(size), Mode: 0o600} }
	bomb := make([]tar.Header, 30)
	for i := range bomb {
		bomb[i] = file(fmt.Sprint("app/", i), 5<<20)
	}
	for name, test := range map[string]struct {
		members []tar.Header
		code    int
		output  string
	}{
		"parent folders": {
			code: hasFindings, output: "chart illegally references parent directory",
			members: []tar.Header{file("app/../../evil", 1)},
		},
		"an absolute path": {
			code: hasFindings, output: "chart illegally contains absolute paths",
			members: []tar.Header{file("app//etc/evil", 1)},
		},
		"a link": {
			code: clean, output: "0 findings",
			members: []tar.Header{{Name: "app/values.yaml", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}},
		},
		"a device": {
			code: clean, output: "0 findings",
			members: []tar.Header{{Name: "app/values.yaml", Typeflag: tar.TypeChar}},
		},
		"a file of 50 MiB": {
			code: hasFindings, output: `decompressed chart file "app/large" is larger than the maximum file size 5242880`,
			members: []tar.Header{file("app/large", 50<<20)},
		},
		"many large files": {
			code: hasFindings, output: "decompressed chart is larger than the maximum file size 104857600", members: bomb,
		},
		"no other files": {code: clean, output: "0 findings"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "app-0.1.0.tgz")
			pack(t, path, test.members)
			if test.code == hasFindings {
				test.output = "CHART: error: Helm cannot load the chart: " + test.output
			}
			withstands(t, path, hostile{code: test.code, output: test.output})
		})
	}
}

// pack writes an archive of a valid chart with additional members, whose content is zeros.
func pack(t *testing.T, path string, members []tar.Header) {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for name, content := range map[string]string{"app/Chart.yaml": metadata, "app/" + schema: "{}"} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600}))
		_, err := w.Write([]byte(content))
		require.NoError(t, err)
	}
	for _, m := range members {
		require.NoError(t, w.WriteHeader(&m))
		_, err := w.Write(make([]byte, m.Size))
		require.NoError(t, err)
	}
	require.NoError(t, errors.Join(w.Close(), zipped.Close()))
	require.NoError(t, os.WriteFile(path, out.Bytes(), 0o600))
}

func TestSchemaReferencesAreNotFetched(t *testing.T) {
	t.Parallel()
	var requested atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requested.Store(true) }))
	defer server.Close()
	folder := write(t, map[string]string{
		schema: fmt.Sprintf(`{"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "%s/a.json"}`, server.URL),
		a:      head,
	})
	withstands(t, folder, hostile{code: hasFindings, output: "it is outside the schema, and no other document is read"})
	assert.False(t, requested.Load())
}

const metadata = "apiVersion: v2\nname: app\nversion: 0.1.0\n"

// write writes a valid chart with additional files, and returns its folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "the chart")
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "templates"), 0o700))
	for name, content := range map[string]string{"Chart.yaml": metadata, schema: "{}"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	return folder
}

// withstands lints a chart in a separate process, and checks the result, the time and the memory.
func withstands(t *testing.T, path string, want hostile) {
	t.Helper()
	limit := "1m" // a chart that terminates does so on a slow machine, too
	if strings.Contains(want.output, "more than 2s") {
		limit = "2s"
	}
	command := exec.Command("lint", "--time-limit", limit, "--kube-version", chart.DefaultKubeVersion, path)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit := new(exec.ExitError); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	output := stdout.String()
	if want.code == couldNotRun {
		output = stderr.String()
		assert.Empty(t, stdout.String())
		assert.NotContains(t, output, "goroutine ", "a panic")
	} else {
		assert.Empty(t, stderr.String())
	}
	assert.Equal(t, want.code, command.ProcessState.ExitCode(), "%s%s", cut(stdout.String()), cut(stderr.String()))
	assert.Contains(t, cut(output), strings.ReplaceAll(want.output, "CHART", path))
	const kibibytes = 1 << 10
	resident := command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss * kibibytes
	assert.Less(t, resident, int64(1536<<20), "the limit of 1 GiB, and what is allocated between two checks")
}

// cut returns the beginning of s.
func cut(s string) string { return s[:min(len(s), 8<<10)] }
