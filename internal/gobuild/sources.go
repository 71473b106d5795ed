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

// self is the path of this module. The commands to build are modules nested in it.
const self = "github.com/traderadmin/charts"

// Sources returns the directory with the sources of a module nested in this one. nested is its path from the root of
// this module, such as "lint/practices". A checkout contains it. A module that Go downloaded does not contain the
// modules nested in it; Sources then downloads the nested module, in the version of this one, into Go's module cache.
func Sources(ctx context.Context, nested string) (string, error) {
	_, file, _, _ := runtime.Caller(0)
	return sources(ctx, file, nested)
}

// sources implements Sources. file is the path of this file as recorded by the compiler.
func sources(ctx context.Context, file, nested string) (string, error) {
	root := path.Dir(path.Dir(path.Dir(file)))
	local := filepath.Join(filepath.FromSlash(root), filepath.FromSlash(nested))
	if exists(filepath.Join(local, "go.mod")) {
		return local, nil
	}
	version, err := versionOf(ctx, root)
	if err != nil {
		return "", fmt.Errorf("its sources are not in %s, and the version to download is unknown: %w\n"+
			"Require a version of %s in go.mod, or replace it by a checkout and build without -trimpath", local, err, self)
	}
	dir, err := download(ctx, self+"/"+nested+"@"+version)
	if err != nil {
		return "", fmt.Errorf("its sources are not in %s, and downloading them failed: %w\n"+
			"Check GOPROXY, and GOPRIVATE if they are not public, or replace %s by a checkout in go.mod", local, err, self)
	}
	return dir, nil
}

// versionOf returns the version of this module. In the module cache it is part of the name of the root directory. In a
// vendor directory it is not, and the go.mod of the main module has it.
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
		return "", errors.New("go.mod replaces the module by a directory")
	}
	return version, nil
}

// download returns the directory of a module in Go's module cache. It downloads the module if it is missing. The module
// is given as path@version.
func download(ctx context.Context, module string) (string, error) {
	printed, err := goCommand(ctx, "", "mod", "download", "-json", module).Output()
	var downloaded struct{ Dir, Error string }
	if invalid := json.Unmarshal(printed, &downloaded); invalid != nil && err == nil {
		return "", fmt.Errorf("parse the output of go mod download -json %s: %w", module, invalid)
	}
	switch {
	case downloaded.Error != "": // more informative than the exit status
		return "", fmt.Errorf("go mod download %s: %s", module, downloaded.Error)
	case err != nil:
		return "", fmt.Errorf("go mod download %s: %w", module, withStderr(err))
	}
	return downloaded.Dir, nil
}
