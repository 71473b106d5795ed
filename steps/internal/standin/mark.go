package standin

import (
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// marks is the repository of a second name that every image loaded by this package gets. By that mark, a later run on
// the same nodes knows that the image is not its user's. The domain .invalid makes sure that nothing pulls it.
const marks = "standin.invalid/image"

func mark(digest v1.Hash) string { return marks + ":" + digest.Hex[:12] }

func isMark(name string) bool { return strings.HasPrefix(name, marks+":") }

// withoutOurs returns the present images, digests by name, that no run of a suite has loaded.
func withoutOurs(present map[string]string) map[string]string {
	ours := map[string]bool{}
	for name, digest := range present {
		ours[digest] = ours[digest] || isMark(name)
	}
	others := map[string]string{}
	for name, digest := range present {
		if !ours[digest] {
			others[name] = digest
		}
	}
	return others
}

// unnamedOurs returns the digests of images that were loaded by this package and have no name left by which a pod could
// use them. Names that containerd generates do not count.
func unnamedOurs(present map[string]string) map[string]bool {
	unnamed := map[string]bool{}
	for name, digest := range present {
		if isMark(name) {
			unnamed[digest] = true
		}
	}
	for name, digest := range present {
		generated := strings.HasPrefix(name, "sha256:") || strings.HasPrefix(name, "import-")
		if !generated && !isMark(name) {
			delete(unnamed, digest)
		}
	}
	return unnamed
}
