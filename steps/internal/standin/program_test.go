package standin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The suite runs in modules that only require this one, and builds the program there too.
func TestProgramBuildsFromAnotherModule(t *testing.T) {
	t.Parallel()
	const self = "github.com/traderadmin/charts"
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	folder := t.TempDir()
	gomod := fmt.Sprintf("module example.com/shop\n\ngo 1.26.0\n\nrequire %s v0.0.0\n\nreplace %[1]s => %s\n", self, root)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte(gomod), 0o600))

	build := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-o", filepath.Join(folder, "standin"),
		self+"/steps/internal/standin/program")
	build.Dir = folder
	build.Env = append(os.Environ(), "GOWORK=off")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
}
