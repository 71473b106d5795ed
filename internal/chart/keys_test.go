package chart

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGiveKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{{ $ca := genCA "a b) |}}" 365 }}`:     `{{ $ca := genCAWithKey "a b) |}}" 365 KEY }}`,
		`{{- (genCA "a" 365).Cert | b64enc -}}`: `{{- (genCAWithKey "a" 365 KEY).Cert | b64enc -}}`,
		"{{ $ca := 1 }}{{ genSignedCert `a\n)` nil (list \"b\") 1\n$ca}}": "" +
			"{{ $ca := 1 }}{{ genSignedCertWithKey `a\n)` nil (list \"b\") 1\n$ca KEY}}",
		`{{ (genSignedCert "a" nil nil 1 (genCA "b" 2)).Key }}`: `{{ (genSignedCertWithKey "a" nil nil 1 ` +
			`(genCAWithKey "b" 2 KEY) KEY).Key }}`,
		`{{ if true }}{{ with genSelfSignedCert "a" nil nil 1 }}{{ .Cert }}{{ end }}{{ end }}`: `{{ if true }}` +
			`{{ with genSelfSignedCertWithKey "a" nil nil 1 KEY }}{{ .Cert }}{{ end }}{{ end }}`,
		`{{ define "x" }}{{ $c := genCA "ü" 1 | toYaml }}{{ end }}`: "" +
			`{{ define "x" }}{{ $c := genCAWithKey "ü" 1 KEY | toYaml }}{{ end }}`,
		// These stay as they are.
		`{{ 365 | genCA "a" }}`:                 "",
		`genCA "a" 365 {{/* genCA "a" 365 */}}`: "",
		`{{ "genCA" }} {{ include "genCA" . }}`: "",
		`{{ genCA "a" 365 `:                     "",
		`{{ genCAWithKey "a" 365 $key }}`:       "",
	} {
		if want == "" {
			want = text
		}
		assert.Equal(t, want, giveKeys(text, "KEY"))
		assert.Equal(t, strings.Count(text, "\n"), strings.Count(giveKeys(text, keyLiteral(false)), "\n"))
	}
}

func TestErrorsDoNotShowGivenKeys(t *testing.T) {
	t.Parallel()
	err := `error at <genSignedCertWithKey "a" nil nil 1 $ca ` + keyLiteral(true) + `>: error calling genCAWithKey`
	assert.Equal(t, `error at <genSignedCert "a" nil nil 1 $ca>: error calling genCA`,
		withoutKeys.ReplaceAllString(err, "$1"))
}
