// Package gobuild builds commands when they are first needed, with the go on PATH. The binaries are kept in the user's cache folder, each under a
// key that follows from its sources, so that it is built once.
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

// unused is how long a binary that no run asked for stays in the cache.
const unused = 30 * 24 * time.Hour

// Module is a command whose sources are all in one folder: a Go module of its own, or a package of this one that needs nothing from outside its
// folder but the standard library.
type Module struct {
	// Folder holds the command's package, and below it all else that its binary is made of, but for what a go.mod requires: see [Sources].
	Folder string
	// Name is that of the binary, and of its folder in the cache.
	Name string
	// Title is what messages call the command, such as "control plane".
	Title string
	// Announcement is shown before a build: what is built, and how long that takes.
	Announcement string
	// Again says, after the words "to go on from there,", what to do when a build was interrupted.
	Again string
	// Flags are those of `go build`, such as -ldflags=-s.
	Flags []string
	// Env is added to the environment of the go command: GOARCH=arm64 builds for another platform than this one.
	Env []string
}

// Build returns the path of the module's binary, and makes it first where the cache does not hold the one that the sources, the
// flags, the Go release and the platform ask for. Of several runs at once, one builds and the others wait for it. How a build
// goes is written to output. The error of a build that fails ends with what the compiler or the module loader said last.
func (m Module) Build(ctx context.Context, output io.Writer) (string, error) {
	key, err := m.key(ctx)
	if err != nil {
		return "", err
	}
	cache, err := m.cacheFolder()
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

// isBuilt says whether binary is in the cache, and marks it as used.
func isBuilt(binary string) bool {
	now := time.Now()
	return os.Chtimes(filepath.Dir(binary), now, now) == nil && exists(binary)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// key names the binary that the sources make here: it changes with their content, how they are built, the Go release and the
// platform.
func (m Module) key(ctx context.Context) (string, error) {
	hash := sha256.New()
	sources := os.DirFS(m.Folder)
	err := fs.WalkDir(sources, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(sources, path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read its sources: %w", err)
	}
	fmt.Fprintln(hash, m.buildArgs(""))
	platform, err := m.goCommand(ctx, "env", "GOVERSION", "GOOS", "GOARCH", "CGO_ENABLED", "GOFLAGS", "GOEXPERIMENT").Output()
	if err != nil {
		return "", fmt.Errorf("ask the go on PATH for its version: %w", withStderr(err))
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

// cacheFolder is where the module's binaries are kept: in the user's cache folder, such as ~/.cache or ~/Library/Caches.
func (m Module) cacheFolder() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder to keep it in: %w", err)
	}
	folder := filepath.Join(user, "traderadmin-charts", m.Name)
	return folder, os.MkdirAll(folder, 0o755)
}

// lock takes the lock file path, waiting for another run that holds it, and returns what gives it back. The kernel
// frees the lock of a process that is gone.
func (m Module) lock(ctx context.Context, path string, progress *progress) (unlock func(), err error) {
	file := flock.New(path)
	locked, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if !locked {
		progress.say(fmt.Sprintf("another run is building the %s: waiting for it", m.Title))
		stop := progress.tick("waiting for the other run's build")
		_, err = file.TryLockContext(ctx, 100*time.Millisecond)
		stop()
		if err != nil {
			return nil, fmt.Errorf("wait for another run to build it (lock %s): %w", path, context.Cause(ctx))
		}
	}
	return func() { _ = file.Unlock() }, nil
}

// compile builds the module into binary. What was compiled before ctx ended stays in Go's build cache, so that the next
// try goes on from there.
func (m Module) compile(ctx context.Context, binary string, progress *progress) error {
	progress.say(m.Announcement)
	started := time.Now()
	packages, err := m.listPackages(ctx, progress)
	if err != nil {
		return m.explain(ctx, err, progress)
	}
	progress.of(packages)
	folder := filepath.Dir(binary)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	defer func() { _ = os.Remove(folder) }() // unless the binary is in it
	unfinished := binary + ".unfinished"
	defer func() { _ = os.Remove(unfinished) }()
	if err := eachLine(m.goCommand(ctx, m.buildArgs(unfinished)...), progress.packageStarted); err != nil {
		return m.explain(ctx, err, progress)
	}
	if err := os.Rename(unfinished, binary); err != nil {
		return err
	}
	progress.say(fmt.Sprintf("built in %s: %s", time.Since(started).Round(time.Second), binary))
	return nil
}

// listPackages returns the import paths of all packages of the binary in the order in which Go builds them:
// a package after those that it imports. It downloads the modules where they are missing.
func (m Module) listPackages(ctx context.Context, progress *progress) ([]string, error) {
	list := m.goCommand(ctx, "list", "-deps", ".")
	var paths strings.Builder
	list.Stdout = &paths
	modules := 0
	err := eachLine(list, func(line string) bool {
		module, ok := strings.CutPrefix(line, "go: downloading ")
		if ok {
			modules++
			progress.at(fmt.Sprintf("downloading modules, %d so far", modules), module)
		}
		return ok
	})
	return strings.Fields(paths.String()), err
}

// buildArgs is the `go` command line that makes output out of the sources. It says which packages it compiles (-v).
func (m Module) buildArgs(output string) []string {
	args := append([]string{"build", "-v"}, m.Flags...)
	return append(args, "-o", output, ".")
}

// explain adds to the error of a go command what a reader needs when it was the context that ended it.
func (m Module) explain(ctx context.Context, err error, progress *progress) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w before the build was done (%s). What is done is kept; to go on from there, %s",
		context.Cause(ctx), progress.state(), m.Again)
}

// prune removes from the cache what no run has used for long.
func prune(cache string) {
	entries, _ := os.ReadDir(cache)
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > unused {
			_ = os.RemoveAll(filepath.Join(cache, entry.Name()))
		}
	}
}
