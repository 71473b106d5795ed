// Package changes asks git which charts changed.
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
)

// Chart is a chart that changed.
type Chart struct {
	Path string
	// BaseVersion is its version in the revision that the change is counted from, if it has to have another now: empty for a new
	// chart, and where nothing changed that is in its package.
	BaseVersion string
}

// Since is those of the charts at paths, folders in git working trees, that differ from what they were where the current branch left
// the revision ref, such as origin/main: changes that are not committed count, and so do those to charts that they depend on
// by a path (repository: file://…). Documentation alone is no change. It fails on a path that is no folder in a working
// tree, and on a revision that git does not know.
func Since(ctx context.Context, ref string, paths []string) ([]Chart, error) {
	var changed []Chart
	var failures []error
	for _, path := range paths {
		c, err := since(ctx, ref, path)
		if err != nil {
			failures = append(failures, fmt.Errorf("find out whether %s changed since %s: %w", path, ref, err))
		}
		if c != nil {
			changed = append(changed, *c)
		}
	}
	return changed, errors.Join(failures...)
}

func since(ctx context.Context, ref, folder string) (*Chart, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, errors.New("it is no folder")
	}
	revision, err := git(ctx, folder, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("git knows no revision %q here: %w; fetch it first", ref, err)
	}
	base, err := git(ctx, folder, "merge-base", revision, "HEAD")
	if err != nil {
		return nil, fmt.Errorf("find where the branch left it: %w; fetch the whole history first", err)
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
	if !packaged && !slices.ContainsFunc(own, isLinted) {
		return nil, nil
	}
	c := &Chart{Path: folder}
	if packaged {
		c.BaseVersion = versionAt(ctx, folder, revision)
	}
	return c, nil
}

// changedFiles are the files below a folder that differ from a revision, relative to the folder.
func changedFiles(ctx context.Context, folder, revision string) ([]string, error) {
	tracked, err := git(ctx, folder, "diff", "--name-only", "-z", "--no-renames", "--relative", revision, "--", ".")
	if err != nil {
		return nil, err
	}
	untracked, err := git(ctx, folder, "ls-files", "-z", "--others", "--exclude-standard", "--", ".")
	if err != nil {
		return nil, err
	}
	names := strings.FieldsFunc(tracked+"\x00"+untracked, func(r rune) bool { return r == 0 })
	return names, nil
}

// Files that are linted and are, as a rule, no part of the package: values sets and the linter's own configuration.
var lintedOnly = []string{".chartlint.yaml", "ci/*"}

// Files beside Chart.yaml that say nothing to Helm.
var documentation = []string{"*.md", "*.gotmpl", "*.txt", "LICENSE*", "OWNERS", ".helmignore", ".gitignore"}

func isLinted(name string) bool   { return isAny(lintedOnly, name) }
func isPackaged(name string) bool { return !isAny(lintedOnly, name) && !isAny(documentation, name) }

func isAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, _ := path.Match(pattern, name) // the patterns are well formed
		return matched
	})
}

// localDependencies are the folders of the charts that a chart depends on by a path.
func localDependencies(folder string) []string {
	var folders []string
	for _, name := range []string{"Chart.yaml", "requirements.yaml"} {
		content, err := chart.ReadFile(filepath.Join(folder, name))
		if err != nil {
			continue // loading the chart will say so
		}
		for _, dependency := range parseMetadata(content).Dependencies {
			relative, local := strings.CutPrefix(dependency.Repository, "file://")
			at := filepath.Join(folder, filepath.FromSlash(relative))
			if info, err := os.Stat(at); local && err == nil && info.IsDir() {
				folders = append(folders, at)
			}
		}
	}
	return folders
}

// versionAt is a chart's version in a revision; empty if it was not there.
func versionAt(ctx context.Context, folder, revision string) string {
	content, err := git(ctx, folder, "show", revision+":./Chart.yaml")
	if err != nil {
		return ""
	}
	return parseMetadata([]byte(content)).Version
}

// metadata is what is needed of a Chart.yaml or requirements.yaml.
type metadata struct {
	Version      string
	Dependencies []struct{ Repository string }
}

func parseMetadata(content []byte) metadata {
	var m metadata
	_ = yaml.Unmarshal(content, &m) // loading the chart will say so
	return m
}

// git runs git in a folder. The error holds what it said.
func git(ctx context.Context, folder string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if said := strings.TrimSpace(stderr.String()); err != nil && said != "" {
		err = errors.New(said)
	}
	return strings.TrimSpace(string(out)), err
}
