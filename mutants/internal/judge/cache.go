package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	messages "github.com/cucumber/messages/go/v34"
)

// cache keeps the outcomes of scenarios in a file, for later runs. The key of an outcome is everything that it depends
// on: the program with its steps, the cluster, the scenario, and what it renders. The outcomes of another program are
// dropped.
type cache struct {
	path    string // "" keeps nothing
	program string

	mu       sync.Mutex
	outcomes map[string]outcome
}

// outcome is the outcome of a scenario.
type outcome struct {
	Failed bool   `json:"failed,omitempty"`
	By     string `json:"by,omitempty"`
	Words  string `json:"words,omitempty"`
}

// cacheFile is the content of the file.
type cacheFile struct {
	Program  string             `json:"program"`
	Outcomes map[string]outcome `json:"outcomes"`
}

// openCache reads the cache in a file. A file that cannot be read, or is of another program, is an empty cache.
func openCache(path string) (*cache, error) {
	c := &cache{path: path, outcomes: map[string]outcome{}}
	if path == "" {
		return c, nil
	}
	var err error
	if c.program, err = programHash(); err != nil {
		return nil, fmt.Errorf("open the cache of outcomes: %w", err)
	}
	var stored cacheFile
	content, err := os.ReadFile(path)
	if err == nil && json.Unmarshal(content, &stored) == nil && stored.Program == c.program && stored.Outcomes != nil {
		c.outcomes = stored.Outcomes
	}
	return c, nil
}

// programHash returns a hash of this program, which differs for other versions of its steps.
func programHash() (hash string, err error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (c *cache) get(key string) (outcome, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.outcomes[key]
	return found, ok
}

func (c *cache) put(key string, o outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcomes[key] = o
}

// save writes the cache to its file.
func (c *cache) save() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.path == "" {
		return nil
	}
	content, err := json.Marshal(cacheFile{c.program, c.outcomes})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o755); err != nil {
		return err
	}
	whole := fmt.Sprint(c.path, ".", os.Getpid()) // a run that is killed leaves the old file
	if err := os.WriteFile(whole, content, 0o600); err != nil {
		return err
	}
	return os.Rename(whole, c.path)
}

// identify adds a row or scenario, as it is executed, to what outcomes depend on.
func (s *scenario) identify(pickle *messages.Pickle) error {
	var parts []any
	for _, step := range pickle.Steps {
		parts = append(parts, step.Text, step.Argument)
	}
	text, err := json.Marshal([]any{s.title, pickle.Name, pickle.Tags, parts})
	s.identity += string(text)
	return err
}

// key returns the key of the outcome of a scenario with a mutant.
func (j *judge) key(t *trial, s *scenario) string {
	sum := sha256.Sum256([]byte(j.Environment + "\n" + s.identity + "\n" + signature(t.differing[s])))
	return hex.EncodeToString(sum[:])
}
