package admission_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/admission"
)

func TestLoadNamesMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ content, want string }{
		{"kind: ConfigMap", "has no ValidatingAdmissionPolicy"},
		{"a: [", "policy.yaml: yaml: "},
		{"# one\n---\nkind: ValidatingAdmissionPolicy\nspec: text", "policy.yaml:3: "},
		{
			"kind: ValidatingAdmissionPolicy\nspec:\n  validations:\n  - expression: |\n      true &&\n      self.spec",
			"policy.yaml:6: invalid CEL expression: undeclared reference to 'self'",
		},
		{
			"kind: ValidatingAdmissionPolicy\nspec:\n  variables:\n  - name: a\n    expression: '1 +'",
			"policy.yaml:5: invalid CEL expression: Syntax error",
		},
	} {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "policy.yaml"), []byte(test.content), 0o600))
		_, err := admission.Load(folder)
		require.ErrorContains(t, err, test.want, test.content)
	}
}
