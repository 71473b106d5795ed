package gobuild

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// greeting returns a module with this program as its main.go.
func greeting(t *testing.T, program string) Module {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module hello\n\ngo 1.26.0\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	return Module{Dir: dir, Name: "hello", Title: "greeting", Announcement: "building the greeting", Retry: "greet again"}
}

const hello = `package main

import "os"

var name = "nobody"

func main() { os.Stdout.WriteString("hello " + name) }
`

// emptyCache gives the test an empty cache of binaries. It keeps Go's build cache, so that little is compiled.
func emptyCache(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	buildCache, err := exec.Command("go", "env", "GOCACHE").Output()
	require.NoError(t, err)
	t.Setenv("GOCACHE", string(bytes.TrimSpace(buildCache)))
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("HOME", dir) // for macOS
}

func TestBuildIsCached(t *testing.T) {
	emptyCache(t)
	m := greeting(t, hello)
	m.Flags = []string{"-ldflags=-X main.name=world"}
	var output bytes.Buffer

	binary, err := m.Build(t.Context(), &output)
	require.NoError(t, err)
	printed, err := exec.Command(binary).Output()
	require.NoError(t, err)
	assert.Equal(t, "hello world", string(printed))
	assert.Regexp(t, `^building the greeting\nbuilt in \d+s: .*hello\n$`, output.String())

	output.Reset()
	again, err := m.Build(t.Context(), &output)
	require.NoError(t, err)
	assert.Equal(t, binary, again)
	assert.Empty(t, output.String())
}

func TestConcurrentRunsBuildOnce(t *testing.T) {
	emptyCache(t)
	m := greeting(t, hello)
	cache, err := m.cacheDir()
	require.NoError(t, err)
	key, err := m.key(t.Context())
	require.NoError(t, err)
	other := flock.New(filepath.Join(cache, key+".lock"))
	require.NoError(t, other.Lock())
	var output synchronizedBuffer

	binaries := make(chan string)
	go func() {
		binary, err := m.Build(t.Context(), &output)
		assert.NoError(t, err)
		binaries <- binary
	}()
	require.Eventually(t, func() bool { return output.String() != "" }, 10*time.Second, time.Millisecond)
	assert.Equal(t, "another run is building the greeting: waiting for it\n", output.String())
	require.NoError(t, other.Unlock())
	assert.FileExists(t, <-binaries)

	require.NoError(t, other.Lock())
	defer func() { assert.NoError(t, other.Unlock()) }()
	require.NoError(t, os.RemoveAll(filepath.Join(cache, key)))
	ctx, end := context.WithCancelCause(t.Context())
	timeout := errors.New("time limit reached")
	end(timeout)
	_, err = m.lock(ctx, other.Path(), newProgress(&output, m.Title))
	assert.ErrorIs(t, err, timeout)
	assert.ErrorContains(t, err, other.Path())
}

// synchronizedBuffer is a buffer that can be read while it is written.
type synchronizedBuffer struct {
	mu      sync.Mutex
	written bytes.Buffer
}

func (b *synchronizedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.written.Write(line)
}

func (b *synchronizedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.written.String()
}

func TestInterruptedBuildReportsItsProgress(t *testing.T) {
	t.Setenv("GOCACHE", t.TempDir()) // so that there is something to compile
	ctx, end := context.WithCancelCause(t.Context())
	timeout := errors.New("time limit reached")
	progress := newProgress(onPackage(func() { end(timeout) }), "greeting")
	progress.terminal = true // prints every package
	dir := t.TempDir()

	err := greeting(t, hello).compile(ctx, filepath.Join(dir, "key", "hello"), progress)

	require.ErrorIs(t, err, timeout)
	assert.Regexp(t, `\([1-9]\d* of [1-9]\d+ packages after \d+s\)`, err.Error())
	assert.ErrorContains(t, err, "To continue, greet again")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// onPackage is called for each progress line about a package.
type onPackage func()

func (call onPackage) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(" packages, ")) {
		call()
	}
	return len(line), nil
}

func TestFailedBuildReportsCompilerErrors(t *testing.T) {
	emptyCache(t)
	m := greeting(t, "package main\n\nfunc main() { missing() }\n")

	_, err := m.Build(t.Context(), &bytes.Buffer{})

	require.ErrorContains(t, err, "go build -v -o ")
	assert.ErrorContains(t, err, "main.go:3:15: undefined: missing")
	cache, err := m.cacheDir()
	require.NoError(t, err)
	left, err := filepath.Glob(filepath.Join(cache, "*", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestBuildWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := greeting(t, hello).Build(t.Context(), &bytes.Buffer{})
	assert.ErrorIs(t, err, exec.ErrNotFound)
}

func TestKeyDependsOnSourcesAndPlatform(t *testing.T) {
	t.Parallel()
	m := greeting(t, hello)
	key := func(m Module) string {
		key, err := m.key(t.Context())
		require.NoError(t, err)
		return key
	}
	before := key(m)
	copied := m
	copied.Dir = t.TempDir()
	require.NoError(t, os.CopyFS(copied.Dir, os.DirFS(m.Dir)))
	assert.Equal(t, before, key(copied), "the directory does not matter")

	otherPlatform := m
	otherPlatform.Env = []string{"GOARCH=riscv64"}
	assert.NotEqual(t, before, key(otherPlatform))

	flagged := m
	flagged.Flags = []string{"-race"}
	assert.NotEqual(t, before, key(flagged))

	require.NoError(t, os.WriteFile(filepath.Join(m.Dir, "go.sum"), []byte("\n"), 0o600))
	withSums := key(m)
	assert.NotEqual(t, before, withSums)

	require.NoError(t, os.Mkdir(filepath.Join(m.Dir, "embedded"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(m.Dir, "embedded", "file"), nil, 0o600))
	assert.NotEqual(t, withSums, key(m), "subdirectories count, because they may be embedded")
}

func TestUnusedBinariesArePruned(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	for name, age := range map[string]time.Duration{"old": maxAge + time.Hour, "recent": maxAge - time.Hour} {
		path := filepath.Join(cache, name)
		require.NoError(t, os.Mkdir(path, 0o700))
		then := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, then, then))
	}

	prune(cache)

	assert.NoDirExists(t, filepath.Join(cache, "old"))
	assert.DirExists(t, filepath.Join(cache, "recent"))
}
