package helm

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// stories are command lines that run one after another, in a folder with the charts of testdata/charts.txtar and in a
// namespace of their own.
//
// Their outcome has to be the same in process and with the binary. A comment gives the reason why a command line prints
// something else.
var stories = map[string]string{
	"life cycle": `
		install shop ./shop --create-namespace --description first --labels team=a
		install shop ./shop
		status shop
		status shop --show-desc
		status shop -o json
		status shop -o yaml
		get all shop
		get all shop --template '{{.Release.Name}} {{.Release.Version}} {{.Release.Chart.Metadata.Version}}'
		get values shop
		get values shop --all
		get values shop -a -o json
		get manifest shop
		get hooks shop
		get notes shop
		get metadata shop
		get metadata shop -o json
		upgrade shop ./shop -f production.yaml --set replicas=3 --set-string labels.n=1 --set-literal color=a,b
		get values shop -o yaml
		upgrade shop ./shop -f production.yaml --set-json 'extra={"a":[1,2]}' --set-file note=note.txt
		get values shop -o yaml
		upgrade shop ./shop --reuse-values --set color=blue --history-max 0
		get values shop
		upgrade shop ./shop --reset-then-reuse-values --set color=red --labels team=b,tier=c
		get values shop
		upgrade shop ./shop --reset-values --no-hooks --force
		get values shop
		get values shop --revision 2
		status shop --revision 3
		history shop
		history shop --max 2
		hist shop -o json
		history shop -o yaml --max 1
		rollback shop 2 --dry-run
		rollback shop 2
		rollback shop
		rollback shop 99
		rollback shop one
		history shop
		test shop
		test shop --filter name=first-test --hide-notes
		test shop --filter '!name=first-test' --logs
		uninstall shop --dry-run
		uninstall shop --keep-history
		status shop
		upgrade shop ./shop
		upgrade --install shop ./shop -o json
		uninstall shop --description bye
		uninstall shop
		delete shop --ignore-not-found
		history shop`,
	"releases that are missing": `
		status none
		history none
		get values none
		get all none
		get manifest none --revision 2
		get metadata none
		test none
		rollback none
		uninstall none
		upgrade none ./settings
		install settings ./settings
		upgrade -i settings ./settings`,
	"wrong command lines": `
		instal shop ./shop
		install shop ./shop --frobnicate
		install shop ./shop --timeout 5
		install shop ./shop --output xml
		install shop ./shop --dry-run=no
		install
		install shop ./shop ./shop
		install ./settings
		install shop ./settings -g
		install Shop! ./settings
		install shop ./nowhere
		install shop nowhere # differs: charts are not downloaded
		install shop ./settings -f nowhere.yaml
		install shop ./settings -f not.yaml
		install shop ./settings --set 'a['
		install shop ./settings --set-json 'a={'
		install shop ./settings --labels owner=me
		install shop ./shop --set replicas=many
		upgrade shop ./shop --cascade background
		uninstall shop --cascade no
		status shop --revision one
		get all shop --template '{{'`,
	"charts that cannot be installed": `
		install settings ./settings --create-namespace
		install shop ./broken
		install shop ./failing
		install shop ./library
		install shop ./incomplete
		install shop ./nameless
		install shop ./deprecated
		upgrade settings ./broken
		upgrade settings ./incomplete
		upgrade settings ./nowhere
		upgrade settings ./deprecated
		history settings`,
	"refusals of the API server": `
		install settings ./settings --create-namespace
		install shop ./shop --set portName=Not_A_Name
		status shop
		get values shop
		upgrade shop ./shop --set portName=Not_A_Name --cleanup-on-fail
		history shop
		uninstall shop
		install shop ./shop --atomic --set portName=Not_A_Name
		history shop
		install other ./settings
		install other ./settings --take-ownership
		upgrade settings ./settings --atomic --set color=blue
		upgrade settings ./shop --atomic --set portName=Not_A_Name
		history settings --max 2
		upgrade settings ./settings --set field=unknown
		uninstall settings other`,
	"dry runs": `
		install settings ./settings --create-namespace
		install shop ./shop --dry-run
		install shop ./shop --dry-run=client --hide-secret
		install shop ./shop --dry-run=server --hide-notes --render-subchart-notes
		upgrade settings ./settings --dry-run --set color=blue
		upgrade shop ./shop --install --dry-run
		history settings
		history shop`,
	"other ways to install": `
		install ./settings --name-template 'shop-{{ add 0 1 }}' --create-namespace --skip-crds
		uninstall shop-1 --keep-history
		install shop-1 ./settings --replace --no-hooks
		history shop-1
		upgrade shop-1 ./settings --history-max 2
		upgrade shop-1 ./settings --history-max 2
		upgrade shop-1 ./settings --history-max 2 --debug
		history shop-1
		uninstall shop-1 --wait --cascade foreground
		install shop ./settings --version 9.9.9 --disable-openapi-validation --skip-schema-validation --enable-dns
		status shop --show-resources`,
	"waits": `
		install shop ./shop --create-namespace --wait --set replicas=2
		upgrade shop ./shop --wait --wait-for-jobs --set color=blue
		upgrade shop ./shop --wait --timeout 2s --set cpu=5k # differs: the reason is given
		status shop
		rollback shop 2 --wait
		uninstall shop --wait`,
	"templates": `
		template ./shop
		template shop ./shop -f production.yaml --set replicas=9 --set-string color=red
		template shop ./shop --show-only templates/service.yaml
		template shop ./shop -s templates/secret.yaml -s 'templates/se*.yaml'
		template shop ./shop -s charts/inner/templates/configmap.yaml
		template shop ./shop --show-only templates/none.yaml
		template shop ./shop --include-crds --no-hooks
		template shop ./shop --skip-tests --is-upgrade
		template shop ./shop --kube-version 1.31.0 --api-versions helm-binary.example/v1
		template shop ./shop --kube-version new
		template shop ./shop --validate
		template shop ./shop --set replicas=many
		template shop ./shop --set replicas=many --skip-schema-validation
		template ./broken
		template ./broken --debug # differs: the binary prints a stack trace
		template ./failing
		template ./library
		template ./incomplete
		template ./deprecated
		template ./nowhere
		template shop ./shop -f nowhere.yaml --set-file a=nowhere.txt`,
	"archives and information of charts": `
		lint ./shop
		lint ./shop ./settings --strict
		lint ./shop --quiet
		lint ./shop --with-subcharts --kube-version 1.31.0
		lint ./shop --set replicas=many
		lint ./shop --set replicas=many --skip-schema-validation
		lint ./broken
		lint ./failing # differs: the SDK logs to standard error
		lint ./nameless
		lint ./library --quiet --strict
		lint ./nowhere # differs: the path is absolute
		package ./shop
		package ./shop ./settings --version 3.0.0 --app-version 8 --destination out
		package ./incomplete
		package ./nameless
		package ./nowhere
		package
		template shop out/shop-3.0.0.tgz -s templates/settings.yaml
		show chart ./shop
		show chart out/shop-3.0.0.tgz
		show values ./shop
		show values ./shop --jsonpath '{.color}'
		show readme ./shop
		show crds ./shop
		inspect all ./shop
		show chart ./nowhere
		version --short
		version --template '{{.Version}}'`,
}

// buildBinary returns the path of the helm binary in the version of go.mod. The go command keeps it in its build cache.
// With -short it skips the test, because a test runs the binary many times.
func buildBinary(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short skips comparisons with the helm binary")
	}
	output, err := exec.Command("go", "tool", "-n", "helm").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(output))
}

func newProcess(t *testing.T, binary string, config *rest.Config, options Options) *Process {
	t.Helper()
	process, err := NewProcess(binary, config, options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, process.Close()) })
	return process
}

// TestTheBinaryAgrees takes about 20 seconds: it runs the binary some 200 times.
func TestTheBinaryAgrees(t *testing.T) {
	t.Parallel()
	path := buildBinary(t)
	charts, err := txtar.ParseFile("testdata/charts.txtar")
	require.NoError(t, err)
	for name, lines := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sides := []*side{newSide(t, "in-process", name, charts), newSide(t, "the-binary", name, charts)}
			client, err := New(shared.Config(t), Options{Namespace: sides[0].namespace, Dir: sides[0].dir})
			require.NoError(t, err)
			sides[0].helm = client
			sides[1].helm = newProcess(t, path, shared.Config(t), Options{Namespace: sides[1].namespace, Dir: sides[1].dir})
			for line := range strings.Lines(lines) {
				if line = strings.TrimSpace(line); line != "" {
					compare(t, line, sides[0].run(t, line), sides[1].run(t, line))
				}
			}
		})
	}
}

// compare compares the outcomes of a command line. It ends the test if the objects differ, because later outcomes would
// differ, too.
func compare(t *testing.T, line string, inProcess, binary outcome) {
	t.Helper()
	if _, reason, differs := strings.Cut(line, " # differs: "); differs {
		assert.NotEqual(t, binary.messages+binary.output, inProcess.messages+inProcess.output,
			"helm %s: the same was printed; remove %q", line, reason)
	} else {
		assert.Equal(t, binary.messages, inProcess.messages, "helm %s: warnings and error", line)
		assert.Equal(t, binary.output, inProcess.output, "helm %s: output", line)
	}
	assert.Equal(t, binary.failed, inProcess.failed, "helm %s: failed", line)
	assert.Equal(t, binary.files, inProcess.files, "helm %s: files", line)
	if recording.MatchString(line) && !strings.Contains(line, "--dry-run") && !binary.failed {
		assert.Equal(t, binary.releases, inProcess.releases, "helm %s: releases", line)
	}
	require.Equal(t, binary.objects, inProcess.objects, "helm %s: objects", line)
}

// side is one of the two Helms that are compared. Each has its own namespace and its own folder with the charts.
type side struct {
	helm      Helm
	namespace string
	dir       string
	objects   dynamic.Interface
}

func newSide(t *testing.T, kind, story string, charts *txtar.Archive) *side {
	t.Helper()
	objects, err := dynamic.NewForConfig(shared.Config(t))
	require.NoError(t, err)
	s := &side{namespace: kind + "-" + strings.ReplaceAll(story, " ", "-"), dir: t.TempDir(), objects: objects}
	require.NoError(t, txtar.Write(charts, s.dir))
	t.Cleanup(func() {
		_ = objects.Resource(namespaces).Delete(context.Background(), s.namespace, metav1.DeleteOptions{}) // if it exists
	})
	return s
}

// outcome is the result of a command line, as far as it is compared.
type outcome struct {
	failed   bool
	messages string // warnings and the error
	output   string
	objects  string
	files    []string
	releases string
}

func (s *side) run(t *testing.T, line string) outcome {
	t.Helper()
	words, err := Split(line)
	require.NoError(t, err)
	result, err := s.helm.Run(t.Context(), Scope{}, words...)
	messages := result.Warnings
	if err != nil {
		cause, _, _ := strings.Cut(err.Error(), "\nwhile running: ")
		messages += "Error: " + cause
	}
	return outcome{
		failed: err != nil, messages: s.normalize(messages), output: s.normalize(result.Output),
		objects: s.normalize(s.list(t)), files: s.files(t), releases: s.normalize(list(result.Releases)),
	}
}

// recording matches command lines that record a release, if they succeed.
var recording = regexp.MustCompile(`^(install|upgrade|rollback|test|uninstall) `)

// list returns a line for each release.
func list(releases []*Release) string {
	var lines strings.Builder
	for _, r := range releases {
		fmt.Fprintf(&lines, "%s/%s revision %d %s, %q, %d hooks\n",
			r.Namespace, r.Name, r.Revision, r.Status, r.Manifest, len(r.Hooks))
	}
	return lines.String()
}

// variable maps placeholders to the parts of an output that differ from run to run.
var variable = map[string]*regexp.Regexp{
	"TIME": regexp.MustCompile(`[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}` +
		`|\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)`),
	"AGE": regexp.MustCompile(`(?m)\b\d+s *$`),
	"":    regexp.MustCompile(`(?m)^.*\[debug\] .*\n|^W\d{4} .* warnings\.go:\d+\] `),
}

func (s *side) normalize(text string) string {
	text = strings.NewReplacer(s.namespace, "NAMESPACE", s.dir, "DIR").Replace(text)
	for placeholder, pattern := range variable {
		text = pattern.ReplaceAllString(text, placeholder)
	}
	return text
}

// files returns the paths of all files and folders that the charts folder and its folder out contain.
func (s *side) files(t *testing.T) (paths []string) {
	t.Helper()
	for _, pattern := range []string{"*", "out/*"} {
		found, err := filepath.Glob(filepath.Join(s.dir, pattern))
		require.NoError(t, err)
		for _, path := range found {
			path, err = filepath.Rel(s.dir, path)
			require.NoError(t, err)
			paths = append(paths, path)
		}
	}
	return paths
}

var (
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

	// compared are the kinds of objects in the charts. Objects that controllers create are not compared.
	compared = []schema.GroupVersionResource{
		{Version: "v1", Resource: "configmaps"},
		{Version: "v1", Resource: "secrets"},
		{Version: "v1", Resource: "services"},
		{Group: "apps", Version: "v1", Resource: "deployments"},
	}
)

// list returns the namespace and its objects in YAML.
func (s *side) list(t *testing.T) string {
	t.Helper()
	var all []unstructured.Unstructured
	namespace, err := s.objects.Resource(namespaces).Get(t.Context(), s.namespace, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		require.NoError(t, err)
		all = append(all, *namespace)
	}
	for _, resource := range compared {
		list, err := s.objects.Resource(resource).Namespace(s.namespace).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		all = append(all, list.Items...)
	}
	var text strings.Builder
	for _, object := range all {
		if object.GetName() == "kube-root-ca.crt" {
			continue
		}
		strip(t, &object)
		document, err := yaml.Marshal(object.Object)
		require.NoError(t, err)
		text.WriteString("---\n" + string(document))
	}
	return text.String()
}

// strip removes from an object the fields that differ from run to run or that controllers set.
func strip(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	for _, path := range [][]string{
		{"metadata", "uid"}, {"metadata", "resourceVersion"}, {"metadata", "creationTimestamp"}, {"status"},
		{"metadata", "labels", "modifiedAt"}, {"metadata", "annotations", "deployment.kubernetes.io/revision"},
		{"spec", "clusterIP"}, {"spec", "clusterIPs"},
	} {
		unstructured.RemoveNestedField(object.Object, path...)
	}
	if annotations := object.GetAnnotations(); len(annotations) == 0 {
		unstructured.RemoveNestedField(object.Object, "metadata", "annotations")
	}
	var managers []string
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource == "" && entry.Manager != "kube-controller-manager" {
			managers = append(managers, entry.Manager+" "+string(entry.Operation)+" "+entry.FieldsV1.String())
		}
	}
	object.SetManagedFields(nil)
	require.NoError(t, unstructured.SetNestedStringSlice(object.Object, managers, "metadata", "managers"))
	if encoded, _, _ := unstructured.NestedString(object.Object, "data", "release"); encoded != "" {
		require.NoError(t, unstructured.SetNestedMap(object.Object, decodeRelease(t, encoded), "data"))
	}
}

// decodeRelease decodes a release as Helm stores it, without its description, because error messages differ.
func decodeRelease(t *testing.T, encoded string) (release map[string]any) {
	t.Helper()
	compressed, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	compressed, err = base64.StdEncoding.DecodeString(string(compressed))
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	require.NoError(t, err)
	content, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &release))
	unstructured.RemoveNestedField(release, "info", "description")
	return release
}

// missingCommands are the commands of the binary that this package lacks, with the reason.
var missingCommands = map[string]string{
	"completion": "no shell", "env": "no environment", "plugin": "no plugins", "create": "makes no test",
	"dependency": "no downloads", "pull": "no downloads", "push": "no uploads", "registry": "no downloads",
	"repo": "no downloads", "search": "no downloads", "verify": "no signatures",
	"list": "a scenario knows its releases",
}

// missingFlags are the flags of the binary that this package lacks, with the reason.
var missingFlags = map[string]string{
	"repo": "no downloads", "username": "no downloads", "password": "no downloads", "pass-credentials": "no downloads",
	"plain-http": "no downloads", "ca-file": "no downloads", "cert-file": "no downloads", "key-file": "no downloads",
	"insecure-skip-tls-verify": "no downloads", "devel": "no downloads", "dependency-update": "no downloads",
	"registry-config": "no downloads", "repository-cache": "no downloads", "repository-config": "no downloads",
	"sign": "no signatures", "key": "no signatures", "keyring": "no signatures", "passphrase-file": "no signatures",
	"verify":        "no signatures",
	"post-renderer": "runs any program", "post-renderer-args": "runs any program",
	"output-dir": "the output is in the result", "release-name": "is about --output-dir",
	"kubeconfig": "the suite chooses the cluster", "kube-context": "the suite chooses the cluster",
	"kube-apiserver": "the suite chooses the cluster", "kube-as-group": "the suite chooses the user",
	"kube-as-user": "the suite chooses the user", "kube-ca-file": "the suite chooses the cluster",
	"kube-insecure-skip-tls-verify": "the suite chooses the cluster", "kube-token": "the suite chooses the user",
	"kube-tls-server-name": "the suite chooses the cluster",
	"burst-limit":          "requests are not limited", "qps": "requests are not limited",
}

// TestTheBinaryHasTheSameFlags compares the commands and the flags in help texts, with short forms, types and defaults.
func TestTheBinaryHasTheSameFlags(t *testing.T) {
	t.Parallel()
	binary := newProcess(t, buildBinary(t), &rest.Config{Host: "http://127.0.0.1:1"}, Options{})
	client := unreachable(t, Options{})
	missing := map[string]bool{}
	for _, command := range append(commandsIn(t, client, ""), "") {
		ours, theirs := flagsIn(t, client, command), flagsIn(t, binary, command)
		for name, flag := range theirs {
			if missingFlags[name] != "" {
				assert.NotContains(t, ours, name, "helm %s", command)
				missing[name] = true
				continue
			}
			assert.Equal(t, flag, ours[name], "helm %s --%s", command, name)
		}
		for name := range ours {
			assert.Contains(t, theirs, name, "helm %s", command)
		}
	}
	assert.Equal(t, slices.Sorted(maps.Keys(missingFlags)), slices.Sorted(maps.Keys(missing)), "flags without a reason")
}

var (
	helpCommand = regexp.MustCompile(`(?m)^  ([a-z]+) +\S`)
	helpFlag    = regexp.MustCompile(`(?m)^ +(-\w, )?--([a-z-]+)(\[=.*?\])? *(\S*)   .*?(\(default .*\))?$`)
)

func help(t *testing.T, helm Helm, command string) string {
	t.Helper()
	result, err := helm.Run(t.Context(), Scope{}, append(strings.Fields(command), "--help")...)
	require.NoError(t, err)
	return result.Output
}

// commandsIn returns all commands without subcommands, for instance "get values".
func commandsIn(t *testing.T, helm Helm, group string) []string {
	t.Helper()
	_, list, isGroup := strings.Cut(help(t, helm, group), "Available Commands:\n")
	if !isGroup {
		return []string{strings.TrimSpace(group)}
	}
	list, _, _ = strings.Cut(list, "\n\n")
	var all []string
	for _, command := range helpCommand.FindAllStringSubmatch(list, -1) {
		if command[1] != "help" {
			all = append(all, commandsIn(t, helm, group+" "+command[1])...)
		}
	}
	return all
}

// flagsIn returns the short form, type and default of a command's flags, by name.
func flagsIn(t *testing.T, helm Helm, command string) map[string][]string {
	t.Helper()
	flags := map[string][]string{}
	for _, flag := range helpFlag.FindAllStringSubmatch(help(t, helm, command), -1) {
		flags[flag[2]] = append(flag[1:2:2], flag[3:]...)
	}
	return flags
}

func TestTheBinaryHasTheSameCommands(t *testing.T) {
	t.Parallel()
	binary := newProcess(t, buildBinary(t), &rest.Config{Host: "http://127.0.0.1:1"}, Options{})
	top := func(helm Helm) map[string]bool {
		names := map[string]bool{}
		for _, command := range commandsIn(t, helm, "") {
			names[strings.Fields(command)[0]] = true
		}
		return names
	}
	theirs := top(binary)
	for name := range missingCommands {
		require.Contains(t, theirs, name)
		delete(theirs, name)
	}
	assert.Equal(t, theirs, top(unreachable(t, Options{})))
}
