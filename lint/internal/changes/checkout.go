package changes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Checkout writes a chart as it is in a git revision below a folder, which must be empty, and returns its path there.
// The charts that it depends on by path, and the targets of its links, are written too. It does not change the working
// tree or the index.
func Checkout(ctx context.Context, revision, chart, into string) (string, error) {
	commit, err := commitOf(ctx, chart, revision)
	if err != nil {
		return "", err
	}
	root, err := git(ctx, chart, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	below, err := git(ctx, chart, "rev-parse", "--show-prefix") // "" at the root
	if err != nil {
		return "", err
	}
	if _, err := git(ctx, root, "cat-file", "-e", commit+":"+below+"Chart.yaml"); err != nil {
		return "", fmt.Errorf("the revision %q has no chart at %s", revision, filepath.Join(".", below))
	}
	tree := checkout{root: root, commit: commit, into: filepath.Join(into, "tree"), index: filepath.Join(into, "index")}
	if err := os.MkdirAll(tree.into, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(tree.into, filepath.FromSlash(below))
	return path, tree.write(ctx, path)
}

// checkout is a part of a commit in a folder, with an index of its own.
type checkout struct{ root, commit, into, index string }

// write writes a path below the folder, and then what that refers to.
func (c checkout) write(ctx context.Context, paths ...string) error {
	tried := map[string]bool{}
	for len(paths) > 0 {
		next := paths[0]
		paths = paths[1:]
		relative, err := filepath.Rel(c.into, next)
		if err != nil || !filepath.IsLocal(relative) || tried[relative] {
			continue // it is outside of the repository
		}
		tried[relative] = true
		if _, err := git(ctx, c.root, "cat-file", "-e", c.commit+":"+treePath(relative)); err != nil {
			continue // loading the chart says what is missing
		}
		if err := c.run(ctx, relative); err != nil {
			return fmt.Errorf("check out %s: %w", relative, err)
		}
		referred, err := references(next)
		if err != nil {
			return err
		}
		paths = append(paths, referred...)
	}
	return nil
}

// treePath returns a path in a commit, as git wants it; the root is empty.
func treePath(relative string) string {
	if relative == "." {
		return ""
	}
	return filepath.ToSlash(relative)
}

func (c checkout) run(ctx context.Context, relative string) error {
	const noHooks = "core.hooksPath=/dev/null"
	command := gitCommand(ctx, c.root, "-c", noHooks, "--work-tree="+c.into,
		"checkout", c.commit, "--", ":(top,literal)"+treePath(relative))
	command.Env = append(os.Environ(), "GIT_INDEX_FILE="+c.index)
	_, err := output(command)
	return err
}

// references returns the folders of the charts that a chart depends on by path, and the targets of the links in it that
// lead nowhere.
func references(folder string) ([]string, error) {
	referred := dependencyFolders(folder)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink == 0 {
			return err
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			referred = append(referred, filepath.Join(filepath.Dir(path), target))
		}
		return nil
	})
	return referred, err
}
