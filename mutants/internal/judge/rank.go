package judge

import (
	"cmp"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"

	messages "github.com/cucumber/messages/go/v34"

	"github.com/traderadmin/charts/internal/helm"
)

// index knows in how many scenarios each word occurs. It ranks scenarios for a mutant by inverse document frequency: a
// word of what differs counts the more, the fewer scenarios have it.
type index struct {
	mu     sync.Mutex // guards the kills of scenarios
	weight map[string]float64
}

var wordPattern = regexp.MustCompile(`[a-z][a-z0-9]{2,}|\d{2,}`)

// camel matches the beginning of a word in a name such as matchLabels.
var camel = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// wordsOf returns the words of a text in lower case. A name such as matchLabels is one word, and its parts are words
// too.
func wordsOf(text string) []string {
	whole := wordPattern.FindAllString(strings.ToLower(text), -1)
	return append(whole, wordPattern.FindAllString(strings.ToLower(camel.ReplaceAllString(text, "$1 $2")), -1)...)
}

// outputStep matches the steps about what Helm prints.
var outputStep = regexp.MustCompile(`\bhelm (?:prints|does not print)`)

// read adds the words of a scenario.
func (s *scenario) read(pickle *messages.Pickle) {
	add := func(text string) {
		for _, word := range wordsOf(text) {
			s.words[word] = true
		}
	}
	add(pickle.Name)
	for _, step := range pickle.Steps {
		add(step.Text)
		s.readsOutput = s.readsOutput || outputStep.MatchString(step.Text)
		if step.Argument == nil {
			continue
		}
		if doc := step.Argument.DocString; doc != nil {
			add(doc.Content)
		}
		if table := step.Argument.DataTable; table != nil {
			for _, row := range table.Rows {
				for _, cell := range row.Cells {
					add(cell.Value)
				}
			}
		}
	}
}

func newIndex(scenarios []*scenario) *index {
	counts, seen := map[string]int{}, map[*scenario]bool{}
	for _, s := range scenarios {
		if seen[s] {
			continue
		}
		seen[s] = true
		for word := range s.words {
			counts[word]++
		}
	}
	i := &index{weight: map[string]float64{}}
	for word, count := range counts {
		i.weight[word] = math.Log(float64(len(seen)+1) / float64(count))
	}
	return i
}

// rank returns the scenarios with differences, the most promising first. If they are equal, the shortest is first.
func (i *index) rank(differing map[*scenario][]helm.Difference) []*scenario {
	i.mu.Lock()
	defer i.mu.Unlock()
	scores := map[*scenario]float64{}
	known := map[string]map[string]bool{} // the words of differences, by their texts
	for s, differences := range differing {
		words, parts := map[string]bool{}, map[string]bool{}
		for _, d := range differences {
			parts[d.Part] = true
			key := d.Old + "\x00" + d.New
			if known[key] == nil {
				known[key] = map[string]bool{}
				for line := range lines(d) {
					for _, word := range wordsOf(line) {
						known[key][word] = true
					}
				}
			}
			maps.Copy(words, known[key])
		}
		for word := range words {
			if s.words[word] {
				scores[s] += i.weight[word]
			}
		}
		for part := range parts {
			scores[s] += 2 * math.Log2(float64(1+s.kills[part]))
			if part == "error" { // then almost any step fails
				scores[s] += 100
			}
		}
		scores[s] -= s.duration.Seconds()
	}
	return slices.SortedFunc(maps.Keys(differing), func(a, b *scenario) int {
		return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a.path, b.path))
	})
}

// killed notes that a scenario noticed a mutant.
func (i *index) killed(s *scenario, differences []helm.Difference) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, d := range differences {
		s.kills[d.Part]++
	}
}
