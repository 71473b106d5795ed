package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "image-latest",
		Title: "Every image has a tag of its own or a digest",
		Why: "What latest names changes: pods of one revision run different programs, depending on when their node pulled the image, and a " +
			"rollback brings the same one back. An image without a tag is latest.",
		Bad:      `image: nginx`,
		Good:     `image: nginx:1.29.3`,
		Severity: Warning,
		Check:    checkImageLatest,
	})
}

// injected is the image of a container that Istio replaces as a whole when the pod is created.
const injected = "auto"

func checkImageLatest(p *Pass) {
	for o, c := range containers(p) {
		image := c.Get("image")
		r := parseImage(image.Text())
		if r.problem() != "" || image.Text() == injected || r.hasDigest || r.hasTag && r.tag != "latest" {
			continue
		}
		has := "without a tag, which is latest"
		if r.hasTag {
			has = "whatever it is at the time"
		}
		p.reportContainer(o, c, image,
			fmt.Sprintf("runs the image %s, %s", image.Text(), has),
			"Name the version that was tested, as a tag or as a digest.")
	}
}
