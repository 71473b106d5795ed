package vocabulary_test

import (
	"fmt"
	"os"

	"github.com/traderadmin/charts/steps/vocabulary"
)

// A vocabulary of one step documents it.
func Example() {
	grammar := vocabulary.NewGrammar(nil)
	shop := vocabulary.Noun{Title: "Shop", Rows: []vocabulary.Row{{
		Phrase:  `the shop sells N article[s]`,
		Method:  func(n int) error { return nil },
		Does:    "Holds when the shop offers this number of articles.",
		Example: "Then the shop sells 3 articles",
	}}}
	steps, err := vocabulary.New(grammar, []vocabulary.Noun{shop})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grammar.Pattern(`the shop sells N article[s]`).FindStringSubmatch("the shop sells 3 articles")[1])
	if err := steps.WritePage(os.Stdout, "The steps of the shop.\n\n"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 3
	// The steps of the shop.
	//
	// [Shop](#shop):
	//
	// ```text
	// the shop sells N article[s]
	// ```
	//
	// ## Shop
	//
	// ### the shop sells N article\[s\]
	//
	// Holds when the shop offers this number of articles.
	//
	// ```gherkin
	// Then the shop sells 3 articles
	// ```
}
