package rule

import "fmt"

func init() {
	register(&Rule{
		ID:       "image-placeholder",
		Title:    "No image is a placeholder",
		Why:      "No node can pull it: with the values that the chart comes with, its pods stay in ImagePullBackOff.",
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
			fmt.Sprintf("runs the image %s, in which %s is a placeholder", image.Text(), part),
			"Set the image in the values, or let the chart require it and say so: an empty value with required or a schema.")
	}
}
