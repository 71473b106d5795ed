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

// engine is where real images come from: a command that takes the command lines of docker.
type engine string

const docker engine = "docker"

// patience is how long the engine may take to pull an image.
const patience = 3 * time.Minute

// find returns the name of the image that the engine has for wanted: wanted itself, pulled where it was not there, or another of the same repository, and then why. It is "" where there is
// none, with the reason.
func (e engine) find(ctx context.Context, wanted reference) (source, why string) {
	if _, err := e.run(ctx, "image", "inspect", "--format", "{{.Id}}", wanted.familiar); err == nil {
		return wanted.familiar, ""
	}
	pulling, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, failed := e.run(pulling, "pull", "--quiet", wanted.familiar)
	if failed == nil {
		return wanted.familiar, ""
	}
	why = lastLine(failed.Error())
	repository := wanted.names[0]
	tags, err := e.run(ctx, "image", "ls", "--format", "{{.Tag}}", repository)
	if err != nil {
		return "", lastLine(err.Error())
	}
	for tag := range strings.FieldsSeq(tags) { // the newest first
		if tag != "<none>" {
			return repository + ":" + tag, why
		}
	}
	return "", why
}

// save writes the image into the tar file at path.
func (e engine) save(ctx context.Context, image, path string) error {
	_, err := e.run(ctx, "save", "--output", path, image)
	return err
}

// run runs one command of the engine and returns what it printed. The error of one that fails has its command line and what it said.
func (e engine) run(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, string(e), args...)
	var said bytes.Buffer
	command.Stderr = &said
	printed, err := command.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%s %s: %w: %s", e, strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(string(printed)), err
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
