package github_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/traderadmin/charts/internal/github"
)

func ExampleAnnotation() {
	fmt.Println(github.Annotation{
		Level: github.Error, File: "charts/shop/values.yaml", Line: 3, Column: 7,
		Title: "image-latest", Message: "image nginx has no tag",
	})
	// Output: ::error file=charts/shop/values.yaml,line=3,col=7,title=image-latest::image nginx has no tag
}

// A message cannot forge another command, and a property cannot add another property.
func TestAnnotationIsEscaped(t *testing.T) {
	t.Parallel()
	a := github.Annotation{Level: github.Notice, File: "a,b:c", Title: "100%", Message: "a: b, c\r\n::error::forged"}
	assert.Equal(t, "::notice file=a%2Cb%3Ac,title=100%25::a: b, c%0D%0A::error::forged", a.String())
}

func TestAnnotationWithoutLineHasNoColumn(t *testing.T) {
	t.Parallel()
	a := github.Annotation{Level: github.Warning, File: "f", Column: 3, Title: "t", Message: "m"}
	assert.Equal(t, "::warning file=f,title=t::m", a.String())
	a.Line = 2
	assert.Equal(t, "::warning file=f,line=2,col=3,title=t::m", a.String())
}
