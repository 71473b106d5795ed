package helm

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// isRecord reports whether an object is the record of a revision.
func isRecord(object *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(object.Object, "type")
	return object.GetKind() == "Secret" && strings.HasPrefix(kind, "helm.sh/release.")
}

// decodeRecord returns the revision in a record. Helm stores it as JSON, compressed by gzip, in base64. The data of a
// Secret are in base64, too.
func decodeRecord(record *unstructured.Unstructured) (*release.Release, error) {
	data, _, err := unstructured.NestedString(record.Object, "data", "release")
	content := []byte(data)
	for range 2 {
		if err == nil {
			content, err = base64.StdEncoding.AppendDecode(nil, content)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the release in Secret %s: %w", record.GetName(), err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("read the release in Secret %s: %w", record.GetName(), err)
	}
	revision := new(release.Release)
	if err := json.NewDecoder(unzipped).Decode(revision); err != nil {
		return nil, fmt.Errorf("read the release in Secret %s: %w", record.GetName(), err)
	}
	return revision, nil
}

// readBy returns the revisions that a command line reads.
func (e *execution) readBy(line *commandLine) ([]*release.Release, error) {
	words := path(line.command)
	if !slices.Contains([]string{"history", "status", "get"}, words[0]) {
		return nil, nil
	}
	revisions, err := e.config.Releases.History(line.args[0])
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	releaseutil.SortByRevision(revisions)
	if words[0] == "history" {
		return revisions, nil
	}
	if wanted := line.last("revision"); wanted != "" && wanted != "0" {
		revisions = slices.DeleteFunc(revisions, func(one *release.Release) bool {
			return strconv.Itoa(one.Version) != wanted
		})
	}
	return revisions[max(0, len(revisions)-1):], nil
}
