package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "image-latest",
		Title: "Every image has a digest, or a tag other than latest",
		Why: "The tag latest moves: pods of one revision run different programs, depending on when each node pulled the " +
			"image, and a rollback does not restore the old program. An image without a tag uses latest.",
		Bad:      `image: nginx`,
		Good:     `image: nginx:1.29.3`,
		Severity: Warning,
		Check:    checkImageLatest,
	})
}

// injectedImage marks a container that Istio replaces when the pod is created.
const injectedImage = "auto"

func checkImageLatest(p *Pass) {
	for o, c := range containers(p) {
		image := c.Get("image")
		r := parseImage(image.Text())
		if r.problem() != "" || image.Text() == injectedImage || r.hasDigest || r.hasTag && r.tag != "latest" {
			continue
		}
		problem := "which has no tag and defaults to latest"
		if r.hasTag {
			problem = "which can change at any time"
		}
		subject := fmt.Sprintf("%s %q of %s", c.Role, c.Name, o)
		p.Report(Finding{
			Node:      image,
			Message:   fmt.Sprintf("%s uses the image %s, %s", subject, image.Text(), problem),
			Fix:       "Pin the tested version with a tag or a digest.",
			Object:    o.String(),
			Container: c.Name,
			Several:   subject + " uses {count} images that can change at any time: {parts}",
			Part:      image.Text(),
		})
	}
}
