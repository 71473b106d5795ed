package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "image-invalid",
		Title: "Every image is a name that a container runtime can read",
		Why: "The pod stays in InvalidImageName. Most often a part of the name comes from a value that is empty or holds the separator " +
			"already.",
		Bad:      `image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"   # image.tag is empty`,
		Good:     `image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"`,
		Severity: Error,
		Check:    checkImageInvalid,
	})
}

func checkImageInvalid(p *Pass) {
	for o, c := range containers(p) {
		image := c.Get("image")
		name, ok := image.Scalar()
		r := parseImage(name)
		problem := r.problem()
		if !ok || problem == "" || r.placeholder() != "" {
			continue // of a placeholder nobody expects more
		}
		p.reportContainer(o, c, image,
			fmt.Sprintf("runs the image %q, with %s", name, problem),
			"Write [registry/]name[:tag][@digest], with lower-case letters in the name, from values that are not empty.")
	}
}
