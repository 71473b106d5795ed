package standin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// engine is a command that accepts the command lines of docker. Real images come from it.
type engine string

const docker engine = "docker"

// pullTimeout limits the pull of one image.
const pullTimeout = 3 * time.Minute

// find returns the name of an image that the engine has: the image of the reference, which is pulled if necessary, or
// the newest of the same repository. If that image cannot be pulled, pullErr is the reason. The name is empty if there
// is no image.
func (e engine) find(ctx context.Context, image reference) (found string, pullErr error) {
	if _, err := e.run(ctx, "image", "inspect", "--format", "{{.Id}}", image.familiar); err == nil {
		return image.familiar, nil
	}
	pulling, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	if _, pullErr = e.run(pulling, "pull", "--quiet", image.familiar); pullErr == nil {
		return image.familiar, nil
	}
	repository := image.names[0]
	tags, err := e.run(ctx, "image", "ls", "--format", "{{.Tag}}", repository) // newest first
	if err != nil {
		return "", pullErr
	}
	for tag := range strings.FieldsSeq(tags) {
		if tag != "<none>" {
			return repository + ":" + tag, pullErr
		}
	}
	return "", pullErr
}

// save writes an image into the tar file at path.
func (e engine) save(ctx context.Context, image, path string) error {
	_, err := e.run(ctx, "save", "--output", path, image)
	return err
}

// run runs a command of the engine and returns its output. If it fails, the error contains the command line and the
// last line that the command printed to standard error.
func (e engine) run(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, string(e), args...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%s %s: %w: %s", e, strings.Join(args, " "), err, lastLine(stderr.String()))
	}
	return strings.TrimSpace(string(stdout)), err
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
