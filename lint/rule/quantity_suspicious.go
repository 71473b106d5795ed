package rule

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "quantity-suspicious",
		Title: "Every quantity means what it seems to",
		Why: "A unit that does not suit its resource parses all the same: 512m of memory is half a byte, 500Mi of cpu is half a " +
			"billion cores, and 1G of memory is 7 percent less than 1Gi.",
		Bad: `requests: {cpu: 500Mi, memory: 512m}
limits: {cpu: "0.5005", memory: 1G}`,
		Good: `requests: {cpu: 500m, memory: 512Mi}
limits: {cpu: 500m, memory: 1Gi}`,
		Severity: Warning,
		Check:    checkQuantitySuspicious,
	})
}

func checkQuantitySuspicious(p *Pass) {
	mixed := binaryMemory(p)
	for a := range resources(p) {
		for _, bound := range bounds {
			for name, value := range a.Get("resources", bound).Entries() {
				q, ok := value.Quantity()
				if !ok {
					continue
				}
				problem, fix := suspicion(name, value, q, mixed)
				if problem == "" {
					continue
				}
				a.report(p, value, fmt.Sprintf("has %s for resources.%s.%s, which %s", value.Text(), bound, name, problem), fix)
			}
		}
	}
}

// suspicion says what a quantity means that its author is unlikely to mean, and what to do about it; empty if there is nothing.
// mixed is a binary quantity of memory elsewhere in the release, if there is one.
func suspicion(name string, value chart.Node, q resource.Quantity, mixed string) (problem, fix string) {
	unit := unitOf(value.Text())
	switch {
	case name == "cpu" && (isBinary(unit) || isDecimal(unit)):
		return fmt.Sprintf("is %s cores: %s is a unit of bytes", unitless(q), unit),
			"Write cpu in cores, such as 2 or 0.5, or in thousandths of one, such as 500m."
	case name == "cpu" && finerThanMilli(q):
		return "is finer than 1m, a thousandth of a core, to which Kubernetes rounds it up",
			"Write cpu in whole thousandths of a core, such as 1m or 250m."
	case name != "cpu" && isFraction(unit):
		return fmt.Sprintf("is %s: %s means a fraction of one", unitless(q), unit),
			"Write bytes with a binary unit, such as 512Mi or 1Gi, and what is counted as a whole number."
	case inBytes(name) && unit == "" && !q.IsZero() && q.CmpInt64(1<<20) < 0:
		return "is a number of bytes, less than a program needs to start",
			"Write the unit that is meant, such as 512Mi or 1Gi."
	case name == "memory" && isDecimal(unit) && mixed != "":
		return fmt.Sprintf("counts in powers of 1000, beside %s in the same release, which counts in powers of 1024", mixed),
			fmt.Sprintf("Write it with a binary unit as well: %si is %.3g times as much.", strings.ToUpper(unit), binaryOverDecimal(unit))
	}
	return "", ""
}

// finerThanMilli says whether thousandths do not suffice to write a quantity.
func finerThanMilli(q resource.Quantity) bool {
	rounded := q.DeepCopy()
	return !rounded.RoundUp(resource.Milli)
}

// binaryMemory is the first quantity of memory of the release that counts in powers of 1024; empty if there is none.
func binaryMemory(p *Pass) string {
	for a := range resources(p) {
		for _, bound := range bounds {
			value := a.Get("resources", bound, "memory")
			if _, ok := value.Quantity(); ok && isBinary(unitOf(value.Text())) {
				return value.Text()
			}
		}
	}
	return ""
}

// units are those of quantities, the least first: see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity.
const (
	decimalUnits  = "kMGTPE"
	fractionUnits = "num"
)

// unitOf is what follows the number, but for an exponent.
func unitOf(quantity string) string {
	unit := strings.TrimLeft(quantity, "+-.0123456789")
	if strings.ContainsAny(unit, "0123456789") {
		return ""
	}
	return unit
}

func isDecimal(unit string) bool  { return len(unit) == 1 && strings.Contains(decimalUnits, unit) }
func isFraction(unit string) bool { return len(unit) == 1 && strings.Contains(fractionUnits, unit) }
func isBinary(unit string) bool   { return strings.HasSuffix(unit, "i") }

// inBytes says whether a resource that every container has is counted in bytes.
func inBytes(name string) bool { return name == "memory" || name == "ephemeral-storage" }

// binaryOverDecimal is how much more a binary unit is than the decimal one of the same letter: 1.024 for each step.
func binaryOverDecimal(unit string) float64 {
	factor := 1.0
	for range strings.Index(decimalUnits, unit) + 1 {
		factor *= 1.024
	}
	return factor
}

// unitless writes a quantity as a number without a unit.
func unitless(q resource.Quantity) string { return q.AsDec().String() }
