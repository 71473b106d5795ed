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

// greeting is a module with the program, in a folder of its own.
func greeting(t *testing.T, program string) Module {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module hello\n\ngo 1.26.0\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(program), 0o600))
	return Module{Folder: folder, Name: "hello", Title: "greeting", Announcement: "the greeting is built", Again: "greet again"}
}

const hello = `package main

import "os"

var name = "nobody"

func main() { os.Stdout.WriteString("hello " + name) }
`

// emptyCache gives this test a cache of its own.
func emptyCache(t *testing.T) {
	t.Helper()
	folder := t.TempDir()
	compiled, err := exec.Command("go", "env", "GOCACHE").Output()
	require.NoError(t, err)
	t.Setenv("GOCACHE", string(bytes.TrimSpace(compiled))) // of the user still
	t.Setenv("XDG_CACHE_HOME", folder)
	t.Setenv("HOME", folder) // where macOS has its caches
}

func TestABuildIsKept(t *testing.T) {
	emptyCache(t)
	m := greeting(t, hello)
	m.Flags = []string{"-ldflags=-X main.name=world"}
	var said bytes.Buffer

	binary, err := m.Build(t.Context(), &said)
	require.NoError(t, err)
	printed, err := exec.Command(binary).Output()
	require.NoError(t, err)
	assert.Equal(t, "hello world", string(printed))
	assert.Regexp(t, `^the greeting is built\nbuilt in \d+s: .*hello\n$`, said.String())

	said.Reset()
	again, err := m.Build(t.Context(), &said)
	require.NoError(t, err)
	assert.Equal(t, binary, again)
	assert.Empty(t, said.String(), "there is nothing to do, and nothing to say")
}

func TestOneOfManyRunsBuilds(t *testing.T) {
	emptyCache(t)
	m := greeting(t, hello)
	cache, err := m.cacheFolder()
	require.NoError(t, err)
	key, err := m.key(t.Context())
	require.NoError(t, err)
	other := flock.New(filepath.Join(cache, key+".lock"))
	require.NoError(t, other.Lock())
	var said lines

	binaries := make(chan string)
	go func() {
		binary, err := m.Build(t.Context(), &said)
		assert.NoError(t, err)
		binaries <- binary
	}()
	require.Eventually(t, func() bool { return said.String() != "" }, 10*time.Second, time.Millisecond)
	assert.Equal(t, "another run is building the greeting: waiting for it\n", said.String())
	require.NoError(t, other.Unlock())
	assert.FileExists(t, <-binaries)

	require.NoError(t, other.Lock())
	defer func() { assert.NoError(t, other.Unlock()) }()
	require.NoError(t, os.RemoveAll(filepath.Join(cache, key)))
	ctx, end := context.WithCancelCause(t.Context())
	end(errors.New("the time limit came"))
	_, err = m.lock(ctx, other.Path(), newProgress(&said, m.Title))
	assert.ErrorContains(t, err, "wait for another run to build it (lock "+other.Path()+"): the time limit came")
}

// lines are what was written, to be read while it is.
type lines struct {
	mu      sync.Mutex
	written bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written.String()
}

// A time limit that comes during the build says how far it was, and how to go on; nothing that looks finished is left.
func TestABuildThatRunsOutOfTime(t *testing.T) {
	t.Setenv("GOCACHE", t.TempDir()) // so that there is something to compile
	ctx, end := context.WithCancelCause(t.Context())
	progress := newProgress(atPackages(func() { end(errors.New("the time limit came")) }), "greeting")
	progress.terminal = true // where every package is shown
	folder := t.TempDir()

	err := greeting(t, hello).compile(ctx, filepath.Join(folder, "key", "hello"), progress)

	require.ErrorContains(t, err, "the time limit came before the build was done (")
	assert.Regexp(t, `\([1-9]\d* of [1-9]\d+ packages after \d+s\)`, err.Error())
	assert.ErrorContains(t, err, "What is done is kept; to go on from there, greet again")
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// atPackages is called when a progress line tells of packages.
type atPackages func()

func (call atPackages) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(" packages, ")) {
		call()
	}
	return len(line), nil
}

func TestABuildThatFailsShowsTheCompilersWords(t *testing.T) {
	emptyCache(t)
	m := greeting(t, "package main\n\nfunc main() { missing() }\n")

	_, err := m.Build(t.Context(), &bytes.Buffer{})

	require.ErrorContains(t, err, "go build -v -o ")
	assert.ErrorContains(t, err, "main.go:3:15: undefined: missing")
	cache, err := m.cacheFolder()
	require.NoError(t, err)
	left, err := filepath.Glob(filepath.Join(cache, "*", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestABuildWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := greeting(t, hello).Build(t.Context(), &bytes.Buffer{})
	assert.ErrorContains(t, err, `ask the go on PATH for its version: exec: "go": executable file not found in $PATH`)
}

func TestTheKeyOfABinaryFollowsItsSources(t *testing.T) {
	t.Parallel()
	m := greeting(t, hello)
	key := func(m Module) string {
		key, err := m.key(t.Context())
		require.NoError(t, err)
		return key
	}
	before := key(m)
	copied := m
	copied.Folder = t.TempDir()
	require.NoError(t, os.CopyFS(copied.Folder, os.DirFS(m.Folder)))
	assert.Equal(t, before, key(copied), "wherever they lie")

	elsewhere := m
	elsewhere.Env = []string{"GOARCH=riscv64"}
	assert.NotEqual(t, before, key(elsewhere), "for another platform")

	flagged := m
	flagged.Flags = []string{"-race"}
	assert.NotEqual(t, before, key(flagged))

	require.NoError(t, os.WriteFile(filepath.Join(m.Folder, "go.sum"), []byte("\n"), 0o600))
	withSums := key(m)
	assert.NotEqual(t, before, withSums)

	require.NoError(t, os.Mkdir(filepath.Join(m.Folder, "embedded"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(m.Folder, "embedded", "file"), nil, 0o600))
	assert.NotEqual(t, withSums, key(m), "folders are embedded, too")
}

func TestBinariesThatNobodyUsesArePruned(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	for name, age := range map[string]time.Duration{"old": unused + time.Hour, "recent": unused - time.Hour} {
		path := filepath.Join(cache, name)
		require.NoError(t, os.Mkdir(path, 0o700))
		then := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, then, then))
	}

	prune(cache)

	assert.NoDirExists(t, filepath.Join(cache, "old"))
	assert.DirExists(t, filepath.Join(cache, "recent"))
}
