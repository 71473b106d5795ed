package gobuild

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
)

// Requires returns the version of another module that go.mod of this one requires.
func (m Module) Requires(path string) (string, error) {
	file := filepath.Join(m.Dir, "go.mod")
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	module, err := modfile.ParseLax(file, content, nil)
	if err != nil {
		return "", err
	}
	for _, required := range module.Require {
		if required.Mod.Path == path {
			return required.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", file, path)
}
