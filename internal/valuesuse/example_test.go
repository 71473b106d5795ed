package valuesuse_test

import (
	"fmt"
	"log"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesuse"
)

// The template of this chart misspells image.tag.
func Example() {
	c, err := chart.Load("../chart/testdata/shop")
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range valuesuse.Unused(c) {
		fmt.Println("no template reads", key.Key)
	}
	for _, read := range valuesuse.Undeclared(c) {
		fmt.Printf("line %d reads %s, nearest is %s\n", read.Position.Line, read.Key, read.Nearest)
	}
	memory := c.Render(chart.Variant{}).Objects[0].Containers()[0].Get("resources", "requests", "memory")
	fmt.Println(memory.Text(), "is set by", valuesuse.Origin(memory).Key)
	// Output:
	// no template reads image.tag
	// line 11 reads image.tga, nearest is image.tag
	// 64Mi is set by resources.requests.memory
}
