package embedded

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// unused is how long a binary that no run asked for stays in the cache.
const unused = 30 * 24 * time.Hour

// build returns the path of the control plane's binary, and makes it first where the cache does not hold the one that the
// sources, the Go release and the platform ask for. Of several runs at once, one builds and the others wait for it.
func build(ctx context.Context, output io.Writer) (string, error) {
	source, err := sourceFolder()
	if err != nil {
		return "", err
	}
	key, err := cacheKey(ctx, source)
	if err != nil {
		return "", err
	}
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, key, "controlplane")
	if isBuilt(binary) {
		return binary, nil
	}
	progress := newProgress(output)
	defer progress.end()
	unlock, err := lock(ctx, filepath.Join(cache, key+".lock"), progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if isBuilt(binary) { // by the run that held the lock
		return binary, nil
	}
	if err := compile(ctx, source, binary, progress); err != nil {
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

// sourceFolder is the folder of the control plane's module, which lies beside this file.
func sourceFolder() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(file), "controlplane")
	if !exists(filepath.Join(folder, "go.mod")) {
		return "", fmt.Errorf("its sources are not in %s: run from a checkout of the repository, without -trimpath", folder)
	}
	return folder, nil
}

// cacheKey names the binary that the sources in folder make here: it changes with their content, how they are built, the Go
// release and the platform.
func cacheKey(ctx context.Context, folder string) (string, error) {
	hash := sha256.New()
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n%s", entry.Name(), len(content), content)
	}
	args, err := buildArgs(folder, "")
	if err != nil {
		return "", err
	}
	fmt.Fprintln(hash, args)
	platform, err := goCommand(ctx, folder, "env", "GOVERSION", "GOOS", "GOARCH", "CGO_ENABLED", "GOFLAGS", "GOEXPERIMENT").Output()
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

// cacheFolder is where the binaries are kept: in the user's cache folder, such as ~/.cache or ~/Library/Caches.
func cacheFolder() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder to keep it in: %w", err)
	}
	folder := filepath.Join(user, "traderadmin-charts", "controlplane")
	return folder, os.MkdirAll(folder, 0o755)
}

// lock takes the lock file path, waiting for another run that holds it, and returns what gives it back. The kernel
// frees the lock of a process that is gone.
func lock(ctx context.Context, path string, progress *progress) (unlock func(), err error) {
	file := flock.New(path)
	locked, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if !locked {
		progress.say("another run is building the control plane: waiting for it")
		stop := progress.tick("waiting for the other run's build")
		_, err = file.TryLockContext(ctx, 100*time.Millisecond)
		stop()
		if err != nil {
			return nil, fmt.Errorf("wait for another run to build it (lock %s): %w", path, context.Cause(ctx))
		}
	}
	return func() { _ = file.Unlock() }, nil
}

// compile builds the module in source into binary. What was compiled before ctx ended stays in Go's build cache, so
// that the next try goes on from there.
func compile(ctx context.Context, source, binary string, progress *progress) error {
	progress.say("the embedded control plane (etcd, the API server, its controllers, KWOK) is built from its Go modules\n" +
		"on the first run of this version, which takes some minutes; later runs start it in seconds")
	started := time.Now()
	packages, err := listPackages(ctx, source, progress)
	if err != nil {
		return explain(ctx, err, progress)
	}
	progress.of(packages)
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return err
	}
	unfinished := binary + ".unfinished"
	defer func() { _ = os.Remove(unfinished) }()
	args, err := buildArgs(source, unfinished)
	if err != nil {
		return err
	}
	if err := eachLine(goCommand(ctx, source, args...), progress.packageStarted); err != nil {
		return explain(ctx, err, progress)
	}
	if err := os.Rename(unfinished, binary); err != nil {
		return err
	}
	progress.say(fmt.Sprintf("built in %s: %s", time.Since(started).Round(time.Second), binary))
	return nil
}

// listPackages returns the import paths of all packages of the binary in the order in which Go builds them:
// a package after those that it imports. It downloads the modules where they are missing.
func listPackages(ctx context.Context, source string, progress *progress) ([]string, error) {
	list := goCommand(ctx, source, "list", "-deps", ".")
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

// buildArgs is the `go` command line that makes output out of the sources in folder. It says which packages it compiles
// (-v). The flags that decide how a package is compiled are those of the `go test` that runs this, so that what the two have in common is
// compiled once.
func buildArgs(folder, output string) ([]string, error) {
	flags, err := linkerFlags(filepath.Join(folder, "go.mod"))
	return []string{"build", "-v", "-ldflags=" + flags, "-o", output, "."}, err
}

// linkerFlags leave out what only a debugger needs, and tell Kubernetes its version, which charts ask for. Its own
// releases are told so too.
func linkerFlags(gomod string) (string, error) {
	content, err := os.ReadFile(gomod)
	if err != nil {
		return "", err
	}
	module, err := modfile.ParseLax(gomod, content, nil)
	if err != nil {
		return "", err
	}
	for _, required := range module.Require {
		if required.Mod.Path != "k8s.io/kubernetes" {
			continue
		}
		version := required.Mod.Version
		major, minor, _ := strings.Cut(strings.TrimPrefix(semver.MajorMinor(version), "v"), ".")
		const variables = "k8s.io/component-base/version."
		return fmt.Sprintf("-s -w -X %[1]sgitVersion=%[2]s -X %[1]sgitMajor=%[3]s -X %[1]sgitMinor=%[4]s",
			variables, version, major, minor), nil
	}
	return "", fmt.Errorf("%s does not require k8s.io/kubernetes", gomod)
}

// explain adds to the error of a go command what a reader needs when it was the time limit that ended it.
func explain(ctx context.Context, err error, progress *progress) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w before the build was done (%s). What is done is kept; to go on from there, give it more time:\n"+
		"    go test -run TestFeatures -timeout 60m", context.Cause(ctx), progress.state())
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
