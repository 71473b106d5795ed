// Package gobuild builds Go commands when they are first needed, with the go command on PATH. It keeps the binaries in
// the user's cache directory, each under a key of its sources, so that every version is built once.
package gobuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// maxAge is how long a binary that no run uses stays in the cache.
const maxAge = 30 * 24 * time.Hour

// Module is a command whose sources are in one directory: a Go module of its own, or a package of this module that
// imports nothing from outside the directory but the standard library.
type Module struct {
	// Dir contains the main package and, below it, everything else that the binary is built from, except for modules that
	// its go.mod requires. See [Sources].
	Dir string
	// Name is the name of the binary and of its directory in the cache.
	Name string
	// Title names the command in messages, such as "control plane".
	Title string
	// Announcement is printed before a build. It says what is built and how long that takes.
	Announcement string
	// Retry tells what to do after an interrupted build. It completes the sentence "To continue, …".
	Retry string
	// Flags are flags of `go build`, such as -ldflags=-s.
	Flags []string
	// Env is added to the environment of the go command. GOARCH=arm64, for example, builds for another platform.
	Env []string
}

// Build returns the path of the module's binary. It builds the binary if the cache does not have one for these sources,
// flags, Go release and platform. Of several concurrent runs, one builds and the others wait. Progress is written to
// output. The error of a failed build ends with the last messages of the compiler or module loader.
func (m Module) Build(ctx context.Context, output io.Writer) (string, error) {
	key, err := m.key(ctx)
	if err != nil {
		return "", err
	}
	cache, err := m.cacheDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, key, m.Name)
	if isBuilt(binary) {
		return binary, nil
	}
	progress := newProgress(output, m.Title)
	defer progress.end()
	unlock, err := m.lock(ctx, filepath.Join(cache, key+".lock"), progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if isBuilt(binary) { // by the run that held the lock
		return binary, nil
	}
	if err := m.compile(ctx, binary, progress); err != nil {
		return "", err
	}
	prune(cache)
	return binary, nil
}

// isBuilt reports whether the cache has the binary, and marks it as used now.
func isBuilt(binary string) bool {
	now := time.Now()
	return os.Chtimes(filepath.Dir(binary), now, now) == nil && exists(binary)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// key identifies a binary. It depends on the sources, the build flags, the Go release and the platform.
func (m Module) key(ctx context.Context) (string, error) {
	hash := sha256.New()
	sources := os.DirFS(m.Dir)
	err := fs.WalkDir(sources, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(sources, path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the sources: %w", err)
	}
	fmt.Fprintln(hash, m.buildArgs(""))
	env := m.goCommand(ctx, "env", "GOVERSION", "GOOS", "GOARCH", "CGO_ENABLED", "GOFLAGS", "GOEXPERIMENT")
	platform, err := env.Output()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("read the version of the go command on PATH: %w", withStderr(err))
	}
	hash.Write(platform)
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

func withStderr(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}

// cacheDir returns the directory of the module's binaries. It is below the user's cache directory, such as ~/.cache or
// ~/Library/Caches.
func (m Module) cacheDir() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	dir := filepath.Join(user, "traderadmin-charts", m.Name)
	return dir, os.MkdirAll(dir, 0o755)
}

// lock acquires a lock on a file. If another run holds it, lock waits. The kernel releases the lock of a process that
// has ended.
func (m Module) lock(ctx context.Context, path string, progress *progress) (unlock func(), err error) {
	file := flock.New(path)
	locked, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if !locked {
		progress.println(fmt.Sprintf("another run is building the %s: waiting for it", m.Title))
		stop := progress.repeat("waiting for the build of another run")
		_, err = file.TryLockContext(ctx, 100*time.Millisecond)
		stop()
		if err != nil {
			return nil, fmt.Errorf("wait for the build of another run (lock %s): %w", path, context.Cause(ctx))
		}
	}
	return func() { _ = file.Unlock() }, nil
}

// compile builds the binary. If ctx ends, everything compiled so far stays in Go's build cache, where the next attempt
// finds it.
func (m Module) compile(ctx context.Context, binary string, progress *progress) error {
	progress.println(m.Announcement)
	started := time.Now()
	packages, err := m.listPackages(ctx, progress)
	if err != nil {
		return m.explain(ctx, err, progress)
	}
	progress.setPackages(packages)
	dir := filepath.Dir(binary)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer func() { _ = os.Remove(dir) }() // fails unless it is empty
	unfinished := binary + ".unfinished"
	defer func() { _ = os.Remove(unfinished) }()
	if err := forEachLine(m.goCommand(ctx, m.buildArgs(unfinished)...), progress.packageStarted); err != nil {
		return m.explain(ctx, err, progress)
	}
	if err := os.Rename(unfinished, binary); err != nil {
		return err
	}
	progress.println(fmt.Sprintf("built in %s: %s", time.Since(started).Round(time.Second), binary))
	return nil
}

// listPackages returns the import paths of all packages of the binary, in the order in which Go builds them: a package
// comes after its imports. It downloads missing modules.
func (m Module) listPackages(ctx context.Context, progress *progress) ([]string, error) {
	list := m.goCommand(ctx, "list", "-deps", ".")
	var paths strings.Builder
	list.Stdout = &paths
	modules := 0
	err := forEachLine(list, func(line string) bool {
		module, ok := strings.CutPrefix(line, "go: downloading ")
		if ok {
			modules++
			progress.update(fmt.Sprintf("downloading modules, %d so far", modules), module)
		}
		return ok
	})
	return strings.Fields(paths.String()), err
}

// buildArgs returns the arguments of the go command that builds output. With -v it prints each package that it
// compiles.
func (m Module) buildArgs(output string) []string {
	args := append([]string{"build", "-v"}, m.Flags...)
	return append(args, "-o", output, ".")
}

// explain returns the error of a go command. If ctx ended the command, the error says how far the build came and how to
// continue.
func (m Module) explain(ctx context.Context, err error, progress *progress) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w before the build was finished (%s). Finished packages are kept. To continue, %s",
		context.Cause(ctx), progress.state(), m.Retry)
}

// prune removes binaries that no run has used for maxAge.
func prune(cache string) {
	entries, _ := os.ReadDir(cache)
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > maxAge {
			_ = os.RemoveAll(filepath.Join(cache, entry.Name()))
		}
	}
}
