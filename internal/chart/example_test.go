package chart_test

import (
	"fmt"
	"log"

	"github.com/traderadmin/charts/internal/chart"
)

func ExampleChart_Render() {
	c, err := chart.Load("testdata/shop")
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range c.Render(chart.Variant{}).Objects {
		for _, container := range o.Containers() {
			image := container.Get("image")
			fmt.Println(o, container.Role, container.Name)
			fmt.Printf("%s: %s\n", image.Position(), image.Text())
		}
	}
	// Output:
	// Deployment/release-name container shop
	// testdata/shop/templates/deployment.yaml:11: registry.example/shop:latest
}
