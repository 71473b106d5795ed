package gobuild

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/module"
)

// self is the module that this package is in, whose nested modules are the commands to build.
const self = "github.com/traderadmin/charts"

// Sources returns the folder with the sources of a module that is nested in this one, at the path nested from its root, such as
// "lint/practices". A checkout has it in place. What Go downloads of a module leaves out the modules nested in it: then the nested one
// is downloaded too, in the version of this one, into Go's module cache. The error says what was asked for, and what to do.
func Sources(ctx context.Context, nested string) (string, error) {
	_, file, _, _ := runtime.Caller(0)
	return sources(ctx, file, nested)
}

// sources is Sources, where file is the path of this file as the compiler recorded it.
func sources(ctx context.Context, file, nested string) (string, error) {
	root := path.Dir(path.Dir(path.Dir(file)))
	beside := filepath.Join(filepath.FromSlash(root), filepath.FromSlash(nested))
	if exists(filepath.Join(beside, "go.mod")) {
		return beside, nil
	}
	version, err := versionOf(ctx, root)
	if err != nil {
		return "", fmt.Errorf("its sources are not in %s, and which version to download is not known: %w\n"+
			"Require a version of %s in go.mod, or replace it by a checkout, without -trimpath", beside, err, self)
	}
	folder, err := download(ctx, self+"/"+nested+"@"+version)
	if err != nil {
		return "", fmt.Errorf("its sources are not in %s, and Go could not download them: %w\n"+
			"See that GOPROXY leads to them (and GOPRIVATE says so where they are not public), or replace %s by a checkout, in go.mod",
			beside, err, self)
	}
	return folder, nil
}

// versionOf returns the version of this module, by which the module cache names its root folder. A vendor folder does not, but
// there the go.mod around the working directory says it.
func versionOf(ctx context.Context, root string) (string, error) {
	if _, version, ok := strings.Cut(path.Base(root), "@"); ok {
		return module.UnescapeVersion(version)
	}
	list := goCommand(ctx, "", "list", "-m", "-f", "{{.Version}}", self)
	listed, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(list.Args, " "), withStderr(err))
	}
	version := strings.TrimSpace(string(listed))
	if version == "" {
		return "", errors.New("go.mod replaces the module by a folder")
	}
	return version, nil
}

// download returns the folder of a module in Go's module cache, named as path@version, and downloads it where it is not there.
func download(ctx context.Context, named string) (string, error) {
	printed, err := goCommand(ctx, "", "mod", "download", "-json", named).Output()
	var downloaded struct{ Dir, Error string }
	if wrong := json.Unmarshal(printed, &downloaded); wrong != nil && err == nil {
		return "", fmt.Errorf("read what go mod download -json %s printed: %w", named, wrong)
	}
	switch {
	case downloaded.Error != "": // which says more than the exit code
		return "", fmt.Errorf("go mod download %s: %s", named, downloaded.Error)
	case err != nil:
		return "", fmt.Errorf("go mod download %s: %w", named, withStderr(err))
	}
	return downloaded.Dir, nil
}
