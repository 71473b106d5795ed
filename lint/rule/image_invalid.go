package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "image-invalid",
		Title: "Every image reference is valid",
		Why: "The pod stays in InvalidImageName. A common cause is a value that is empty or already contains the " +
			"separator.",
		Bad:      `image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"   # image.tag is empty`,
		Good:     `image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"`,
		Severity: Error,
		Refused:  true,
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
			continue // image-placeholder reports it
		}
		fix := "Write [registry/]name[:tag][@digest] with a lower-case name, and check that no value is empty."
		if number, found := printedNumber(p.Rendered, name); found {
			problem = fmt.Sprintf("%s; the template printed the number %s of %s with an exponent",
				problem, number.exact, number.key.Key)
			fix = fmt.Sprintf("Write %s in quotes in the values, or allow only a string in the schema.", number.key.Key)
		}
		p.reportContainer(o, c, image, fmt.Sprintf("has the invalid image %q: %s", name, problem), fix)
	}
}
