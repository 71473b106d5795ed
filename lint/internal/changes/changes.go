// Package changes finds the charts that changed since a git revision, as they are now and as they were.
package changes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
)

// Chart is a chart that changed.
type Chart struct {
	Path string
	// BaseVersion is the version of the chart in the revision, which the chart must not have any more. It is empty if the
	// chart is new, or if no file of its package changed.
	BaseVersion string
}

// Since returns the charts that changed since the current branch diverged from a revision, such as origin/main. The
// paths are folders in git working trees. Uncommitted changes count, and so do changes to charts that a chart depends
// on by path (repository: file://…). Changes to documentation alone do not. Since returns an error if a path is not a
// folder in a working tree, or if git does not know the revision.
func Since(ctx context.Context, revision string, paths []string) ([]Chart, error) {
	var changed []Chart
	var failures []error
	for _, path := range paths {
		c, err := since(ctx, revision, path)
		if err != nil {
			failures = append(failures, fmt.Errorf("find changes of %s since %s: %w", path, revision, err))
		}
		if c != nil {
			changed = append(changed, *c)
		}
	}
	return changed, errors.Join(failures...)
}

// since returns nil if the chart did not change.
func since(ctx context.Context, revision, folder string) (*Chart, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, errors.New("it is not a folder")
	}
	commit, err := commitOf(ctx, folder, revision)
	if err != nil {
		return nil, err
	}
	base, err := git(ctx, folder, "merge-base", commit, "HEAD")
	if err != nil {
		return nil, fmt.Errorf("find where the branch diverged: %w; fetch the whole history first", err)
	}
	own, err := changedFiles(ctx, folder, base)
	if err != nil {
		return nil, err
	}
	packaged := slices.ContainsFunc(own, isPackaged)
	for _, dependency := range localDependencies(folder) {
		files, err := changedFiles(ctx, dependency, base)
		if err != nil {
			return nil, err
		}
		packaged = packaged || slices.ContainsFunc(files, isPackaged)
	}
	if !packaged && !slices.ContainsFunc(own, isLintedOnly) {
		return nil, nil
	}
	c := &Chart{Path: folder}
	if packaged {
		c.BaseVersion = versionAt(ctx, folder, commit)
	}
	return c, nil
}

// commitOf returns the commit of a revision.
func commitOf(ctx context.Context, folder, revision string) (string, error) {
	commit, err := git(ctx, folder, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	var exit *exec.ExitError
	switch {
	case err == nil:
		return commit, nil
	case !errors.As(err, &exit): // git says more
		return "", err
	}
	advice := "fetch it first"
	if shallow, _ := git(ctx, folder, "rev-parse", "--is-shallow-repository"); shallow == "true" {
		advice = "the clone is shallow: run git fetch --unshallow --tags first (in GitHub Actions: fetch-depth: 0)"
	}
	return "", fmt.Errorf("git does not know the revision %q; %s", revision, advice)
}

// changedFiles returns the files below a folder that differ from a commit, relative to the folder.
func changedFiles(ctx context.Context, folder, commit string) ([]string, error) {
	tracked, err := git(ctx, folder, "diff", "--name-only", "-z", "--no-renames", "--relative", commit, "--", ".")
	if err != nil {
		return nil, err
	}
	untracked, err := git(ctx, folder, "ls-files", "-z", "--others", "--exclude-standard", "--", ".")
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(tracked+"\x00"+untracked, func(r rune) bool { return r == 0 }), nil
}

var (
	// lintedOnly are files that the linter reads, but that are usually not in the package.
	lintedOnly = []string{policy.FileName, "ci/*"}
	// documentation are files that Helm does not use.
	documentation = []string{"*.md", "*.gotmpl", "*.txt", "LICENSE*", "OWNERS", ".helmignore", ".gitignore"}
)

func isLintedOnly(name string) bool { return matchesAny(lintedOnly, name) }

func isPackaged(name string) bool { return !isLintedOnly(name) && !matchesAny(documentation, name) }

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, _ := path.Match(pattern, name) // the patterns are valid
		return matched
	})
}

// localDependencies returns the folders of the charts that a chart depends on by path, as far as they are there.
func localDependencies(folder string) []string {
	return slices.DeleteFunc(dependencyFolders(folder), func(dependency string) bool {
		info, err := os.Stat(dependency)
		return err != nil || !info.IsDir()
	})
}

// dependencyFolders returns the folders that a chart gives for its dependencies.
func dependencyFolders(folder string) []string {
	var folders []string
	for _, name := range []string{"Chart.yaml", "requirements.yaml"} {
		content, err := chart.ReadFile(filepath.Join(folder, name))
		if err != nil {
			continue // loading the chart returns the error
		}
		for _, dependency := range parseMetadata(content).Dependencies {
			if relative, local := strings.CutPrefix(dependency.Repository, "file://"); local {
				folders = append(folders, filepath.Join(folder, filepath.FromSlash(relative)))
			}
		}
	}
	return folders
}

// versionAt returns the version of a chart in a commit, or an empty string if the chart was not there.
func versionAt(ctx context.Context, folder, commit string) string {
	content, err := git(ctx, folder, "show", commit+":./Chart.yaml")
	if err != nil {
		return ""
	}
	return parseMetadata([]byte(content)).Version
}

// metadata is a part of Chart.yaml, or of requirements.yaml.
type metadata struct {
	Version      string
	Dependencies []struct{ Repository string }
}

func parseMetadata(content []byte) metadata {
	var m metadata
	_ = yaml.Unmarshal(content, &m) // loading the chart returns the error
	return m
}

// git runs git in a folder and returns its output. The error is what git prints.
func git(ctx context.Context, folder string, args ...string) (string, error) {
	return output(gitCommand(ctx, folder, args...))
}

func gitCommand(ctx context.Context, folder string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...)
}

// output runs a command and returns its output. The error is what it prints to stderr.
func output(command *exec.Cmd) (string, error) {
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if message := strings.TrimSpace(stderr.String()); err != nil && message != "" {
		err = errors.New(message)
	}
	return strings.TrimSpace(string(out)), err
}
