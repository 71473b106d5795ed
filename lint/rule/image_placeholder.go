package rule

import "fmt"

func init() {
	register(&Rule{
		ID:       "image-placeholder",
		Title:    "No image is a placeholder",
		Why:      "No node can pull the image: with the chart's default values, its pods stay in ImagePullBackOff.",
		Bad:      `image: your-registry/go-scanner:1.4.2`,
		Good:     `image: ghcr.io/traderadmin/go-scanner:1.4.2`,
		Severity: Warning,
		Check:    checkImagePlaceholder,
	})
}

func checkImagePlaceholder(p *Pass) {
	for o, c := range containers(p) {
		image := c.Get("image")
		part := parseImage(image.Text()).placeholder()
		if part == "" {
			continue
		}
		p.reportContainer(o, c, image,
			fmt.Sprintf("uses the image %s, in which %s is a placeholder", image.Text(), part),
			"Set the image in the values, or leave it empty and require it with `required` or the schema.")
	}
}
