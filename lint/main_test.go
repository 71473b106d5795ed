package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/traderadmin/charts/internal/chart/charttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lint": main})
}

func TestCommand(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "script"),
		Setup: withGo,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        exits,
			"helm-create":  helmCreate,
			"helm-package": helmPackage,
		},
	})
}

// withGo passes the caches of Go to scripts that build with it. Such a script sets HOME=$USER_HOME.
func withGo(env *testscript.Env) error {
	env.Setenv("USER_HOME", os.Getenv("HOME"))
	for _, name := range []string{"XDG_CACHE_HOME", "GOCACHE", "GOFLAGS", "GOMODCACHE", "GOPATH", "GOPROXY"} {
		if value, set := os.LookupEnv(name); set {
			env.Setenv(name, value)
		}
	}
	return nil
}

// exits CODE COMMAND [ARG...] runs a command and checks its exit code. The commands stdout and stderr check its output.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code, err := 0, ts.Exec(args[1], args[2:]...)
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := args[0]; strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

// helmCreate NAME makes Helm's starter chart, in a folder of its name.
func helmCreate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: helm-create NAME")
	}
	_, err := charttest.Create(args[0], ts.MkAbs("."))
	ts.Check(err)
}

// helmPackage FOLDER packs a chart into the current folder.
func helmPackage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: helm-package FOLDER")
	}
	_, err := charttest.Package(ts.MkAbs(args[0]), ts.MkAbs("."))
	ts.Check(err)
}
