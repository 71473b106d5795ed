package schema_test

import (
	"fmt"

	"github.com/traderadmin/charts/internal/schema"
)

func ExampleSchema_Validate() {
	s, err := schema.Compile([]byte(`{
		"required": ["image"],
		"properties": {"replicas": {"type": "integer", "minimum": 1}}
	}`))
	if err != nil {
		panic(err)
	}
	for _, v := range s.Validate(map[string]any{"replicas": "two"}) {
		fmt.Println(schema.FormatPath(v.Path), v.Problem)
	}
	// Unordered output:
	// the values must have the key "image"
	// replicas must be an integer, not the string "two"
}

func ExampleDocument_OpenObjects() {
	document := schema.Parse([]byte(`{
  "additionalProperties": false,
  "properties": {
    "image": {"properties": {"tag": {"type": "string"}}}
  }
}`))
	for _, o := range document.OpenObjects() {
		fmt.Printf("line %d: %s accepts any keys\n", o.Line, schema.FormatPath(o.Path))
	}
	// Output: line 4: image accepts any keys
}
