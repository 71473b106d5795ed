package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/policy"
)

var rules = []string{"image-latest", "kube-score/pod-probes", "limits-missing", "requests-missing"}

func write(t *testing.T, folder, content string) string {
	t.Helper()
	file := filepath.Join(folder, policy.FileName)
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func TestLoad(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "arm.yaml"), nil, 0o600))
	file := write(t, folder, `# comment
rules:
  limits-missing: warning
  image-latest: off
valuesSets:
  - name: arm
    files: [arm.yaml]
    set: [image.tag=1.2]
kubeVersions: ["1.36"]
suppressions:
  - rule: requests-missing
    object: Deployment/redis
    reason: Redis is measured in May.
    until: 2027-05-31
`)
	p, err := policy.Load(file, rules)
	require.NoError(t, err)
	assert.Equal(t, policy.Warning, p.Severity("limits-missing", policy.Error, true))
	assert.Equal(t, policy.Off, p.Severity("image-latest", policy.Error, true))
	assert.Equal(t, policy.Info, p.Severity("requests-missing", policy.Info, false), "the severity of the rule itself")
	assert.Equal(t, []string{filepath.Join(folder, "arm.yaml")}, p.ValuesSets[0].Files)
	assert.Equal(t, file+":6:5", p.ValuesSets[0].Position.String())
	assert.Equal(t, []string{"1.36"}, p.KubeVersions)
	assert.Equal(t, file+":11:5", p.Suppressions[0].Position.String())
	assert.Equal(t, policy.DefaultResources(), p.Resources, "keys that are not in the file have their defaults")
}

func TestLoadEmptyFile(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "# only a comment\n", "---\n", "{}", "suppressions:\n"} {
		file := write(t, t.TempDir(), content)
		p, err := policy.Load(file, rules)
		require.NoError(t, err, "%q", content)
		want := policy.Default()
		want.File = file
		assert.Equal(t, want, p, "%q", content)
	}
}

func TestLoadNamesMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ content, want string }{
		{"rule: {}", `:1: unknown key "rule"; did you mean "rules"?`},
		{"\nsuppressions:\n - {rules: x}", `:3: unknown key "rules"; did you mean "rule"?`},
		{"resources:\n  quotas: {}", `:2: unknown key "quotas"; did you mean "quota"?`},
		{"nothing: {}", `:1: unknown key "nothing"; the keys are profile, rules, resources, `},
		{"rules: {limit-missing: off}", `:1: unknown rule "limit-missing"; did you mean "limits-missing"?`},
		{"rules: {limits-missing: fatal}", `:1: unknown severity "fatal": want one of error, warning, info, off`},
		{"rules: {limits-missing: 1}", `:1: unknown severity "1"`},
		{
			"customRules:\n- id: own\n  message: x\n  expression: |\n    true &&\n    object.",
			`:6: invalid CEL expression: Syntax error`,
		},
		{
			"customRules:\n- {id: own, message: x, expression: self.spec}",
			`:2: invalid CEL expression: undeclared reference to 'self'`,
		},
		{
			"customRules:\n- {id: own, message: x, expression: '1 + 1'}",
			`:2: invalid CEL expression: it is of type int; want bool`,
		},
		{
			"customRules:\n- {id: own, messageExpression: '1', expression: 'true'}",
			`:2: invalid CEL expression: it is of type int; want string`,
		},
		{"customRules:\n- {id: own, expression: 'true'}", `:2: the rule own has no message`},
		{"customRules:\n- {id: own, message: x}", `:2: the rule own has no expression`},
		{"customRules:\n- {id: Own, message: x, expression: 'true'}", `:2: invalid rule ID "Own"`},
		{
			"customRules:\n- {id: image-latest, message: x, expression: 'true'}",
			`:2: the ID of rule "image-latest" is taken`,
		},
		{"customRules:\n- {id: own, message: x, expression: 'true', kinds: ['[']}", `:2: invalid pattern "["`},
		{"podSecurity: strict", `:1: unknown Pod Security level "strict": want privileged, baseline or restricted`},
		{"podSecurity:\n  '*': baseline\n  prod: strict", `:3: unknown Pod Security level "strict"`},
		{"podSecurity: [baseline]", `:1: want a level, or a map from values sets to levels`},
		{"podSecurity:\n  '[': baseline", `:2: invalid pattern "["`},
		{"rules: [limits-missing]", `:1: want a map, not a list`},
		{"rules: 7", `:1: want a map, not "7"`},
		{"rules: {}\nrules: {}", `:2: mapping key "rules" already defined at line 1`},
		{"practices: always", `:1: want true, false, or a list of rules such as kube-score/pod-probes`},
		{"practices: [limits-missing]", `:1: "limits-missing" is not a check of kube-score`},
		{"practices: [kube-score/probes]", `:1: unknown rule "kube-score/probes"`},
		{"practices: [{}]", `:1: want text, not a map`},
		{"kubeVersions: 1.36", `:1: want a list, not "1.36"`},
		{"kubeVersions: [newest]", `:1: "newest" is`},
		{"kubeVersions: [{}]", `:1: want text, not a map`},
		{"valuesSets: [{files: []}]", `:1: the values set has no name`},
		{"valuesSets: [a: {}]", `:1: unknown key "a"; the keys are name, files, set`},
		{"valuesSets: [null]", `:1: the list has an empty item`},
		{"a: 1\n b: 2", `:2: invalid YAML: mapping values are not allowed`},
		{"{}\n---\n{}", `: want one YAML document, not several`},
		{"<<: {rules: {}}", `:1: merge keys (<<) are not supported`},
		{"valuesSets:\n- name: a\n- name: a", `:3: two values sets have the name "a"`},
		{"valuesSets: [{name: a, files: [none]}]", `:1: cannot read the values file: `},
		{"suppressions:\n- rule: limits-missing", `:2: the suppression has no reason`},
		{"suppressions: [{rule: limits-missing, reason: ' '}]", `:1: the suppression has no reason`},
		{"suppressions: [{reason: Because.}]", `:1: the suppression has no rule`},
		{"suppressions: [{rule: latest, reason: Because.}]", `:1: unknown rule "latest"`},
		{"suppressions:\n- rule: x\n  until: 31.1.2027", `:3: invalid date "31.1.2027": want one such as 2027-01-31`},
		{"suppressions:\n - {rule: limits-missing, object: [}", `:2: invalid YAML: did not find expected`},
		{"suppressions: [{rule: image-latest, reason: x, object: '['}]", `:1: invalid pattern "[": `},
	} {
		file := write(t, t.TempDir(), test.content)
		_, err := policy.Load(file, rules)
		require.ErrorContains(t, err, file+test.want, test.content)
		assert.NotContains(t, err.Error(), "\n", "one mistake is one line: %s", test.content)
	}
}

func TestLoadNamesAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := policy.Load(write(t, t.TempDir(), "rules: {a: off}\nkubeVersions: [b]\nsuppressions:\n- rule: c\n"), rules)
	require.Error(t, err)
	assert.Len(t, strings.Split(err.Error(), "\n"), 4, "%v", err)

	_, err = policy.Load(filepath.Join(t.TempDir(), "none"), rules)
	require.ErrorContains(t, err, "read the configuration: open ")
}

func TestFind(t *testing.T) {
	t.Parallel()
	charts := t.TempDir()
	app := filepath.Join(charts, "app")
	require.NoError(t, os.Mkdir(app, 0o700))
	assert.Empty(t, policy.Find(app))

	beside := write(t, charts, "")
	assert.Equal(t, beside, policy.Find(app))
	assert.Equal(t, beside, policy.Find(filepath.Join(charts, "app-1.0.0.tgz")))
	own := write(t, app, "")
	assert.Equal(t, own, policy.Find(app+"/"), "the file in the folder takes precedence")
}

func TestSuppressionMatches(t *testing.T) {
	t.Parallel()
	s := policy.Suppression{Rule: "limits-missing", Object: "Deployment/*-redis", Container: "redis", ValuesSet: "ci/*"}
	assert.True(t, s.Matches("limits-missing", "Deployment/cache-redis", "redis", "ci/small-values.yaml"))
	assert.False(t, s.Matches("requests-missing", "Deployment/cache-redis", "redis", "ci/small-values.yaml"))
	assert.False(t, s.Matches("limits-missing", "StatefulSet/cache-redis", "redis", "ci/small-values.yaml"))
	assert.False(t, s.Matches("limits-missing", "Deployment/cache-redis", "exporter", "ci/small-values.yaml"))
	assert.False(t, s.Matches("limits-missing", "Deployment/cache-redis", "redis", "default values"))
	assert.False(t, s.Matches("limits-missing", "", "", "ci/small-values.yaml"))
	everywhere := policy.Suppression{Rule: "limits-missing"}
	assert.True(t, everywhere.Matches("limits-missing", "", "", "default values"))
}

func TestSuppressionExpires(t *testing.T) {
	t.Parallel()
	last := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	s := policy.Suppression{Until: policy.Date{Time: last}}
	assert.False(t, s.Expired(last.Add(23*time.Hour)), "the last day is included")
	assert.True(t, s.Expired(last.Add(24*time.Hour)))
	unlimited := policy.Suppression{}
	assert.False(t, unlimited.Expired(last))
}

func TestPractices(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]policy.Practices{
		"practices: true":                    {On: true},
		"practices: false":                   {},
		"practices:":                         {},
		"practices: []":                      {Rules: []string{}},
		"practices: [kube-score/pod-probes]": {On: true, Rules: []string{"kube-score/pod-probes"}},
	} {
		p, err := policy.Load(write(t, t.TempDir(), content), rules)
		require.NoError(t, err, content)
		assert.Equal(t, want, p.Practices, content)
	}
}

func TestPodSecurityFor(t *testing.T) {
	t.Parallel()
	file := write(t, t.TempDir(), `podSecurity:
  "values-*.yaml": restricted
  values-qa.yaml: baseline
  "ci/*": baseline
`)
	p, err := policy.Load(file, rules)
	require.NoError(t, err)
	for set, want := range map[string]string{
		"values-production.yaml": "restricted",
		"values-qa.yaml":         "baseline",
		"ci/small-values.yaml":   "baseline",
		"default values":         "privileged",
	} {
		assert.EqualValues(t, want, p.PodSecurity.For(set), set)
	}
	p, err = policy.Load(write(t, t.TempDir(), "podSecurity: restricted"), rules)
	require.NoError(t, err)
	assert.EqualValues(t, "restricted", p.PodSecurity.For("ci/small-values.yaml"))
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		profile         policy.Profile
		errors, warning policy.Severity // of practices that are errors and warnings in the strict profile
	}{
		{"", policy.Warning, policy.Info},
		{policy.Minimal, policy.Off, policy.Off},
		{policy.Recommended, policy.Warning, policy.Info},
		{policy.Strict, policy.Error, policy.Warning},
	} {
		p := &policy.Policy{Profile: test.profile, Rules: map[string]policy.Severity{"b": policy.Error}}
		assert.Equal(t, test.errors, p.Severity("a", policy.Error, true), test.profile)
		assert.Equal(t, test.warning, p.Severity("a", policy.Warning, true), test.profile)
		assert.Equal(t, policy.Error, p.Severity("a", policy.Error, false), test.profile)
		assert.Equal(t, policy.Error, p.Severity("b", policy.Warning, true), "the severity in the configuration")
	}
}
