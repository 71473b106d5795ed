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
		Title: "Every quantity means what it appears to mean",
		Why: "A unit that does not fit its resource still parses: 512m of memory is half a byte, 500Mi of cpu is half a " +
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
	binary := firstBinaryMemory(p)
	for r := range resources(p) {
		for _, bound := range bounds {
			for name, value := range r.Get("resources", bound).Entries() {
				q, ok := value.Quantity()
				if !ok {
					continue
				}
				if problem, fix := suspicion(name, value, q, binary); problem != "" {
					message := fmt.Sprintf("has %s for resources.%s.%s, which %s", value.Text(), bound, name, problem)
					r.report(p, value, message, fix)
				}
			}
		}
	}
}

// suspicion returns an unlikely meaning of a quantity and the fix, or "". binary is a quantity of memory with a binary
// unit from the same release, or "".
func suspicion(name string, value chart.Node, q resource.Quantity, binary string) (problem, fix string) {
	unit := unitOf(value.Text())
	switch {
	case name == "cpu" && (isBinary(unit) || isDecimal(unit)):
		return fmt.Sprintf("means %s cores: %s is a unit for bytes", withoutUnit(q), unit),
			"Write cpu in cores, such as 2 or 0.5, or in thousandths of a core, such as 500m."
	case name == "cpu" && finerThanMilli(q):
		return "is finer than 1m, a thousandth of a core; Kubernetes rounds it up",
			"Write cpu in whole thousandths of a core, such as 1m or 250m."
	case name != "cpu" && isFraction(unit):
		return fmt.Sprintf("means %s: the unit %s is for fractions", withoutUnit(q), unit),
			"Write bytes with a binary unit, such as 512Mi or 1Gi, and other resources as a whole number."
	case inBytes(name) && unit == "" && !q.IsZero() && q.CmpInt64(1<<20) < 0:
		return "means bytes, too few to start a program",
			"Write the intended unit, such as 512Mi or 1Gi."
	case name == "memory" && isDecimal(unit) && binary != "":
		return fmt.Sprintf("uses powers of 1000, while %s in the same release uses powers of 1024", binary),
			fmt.Sprintf("Use a binary unit here too: %si is %.3g times as much.", strings.ToUpper(unit), binaryOverDecimal(unit))
	}
	return "", ""
}

// finerThanMilli reports whether a quantity is not a multiple of a thousandth.
func finerThanMilli(q resource.Quantity) bool {
	rounded := q.DeepCopy()
	return !rounded.RoundUp(resource.Milli)
}

// firstBinaryMemory returns the first quantity of memory in the release that has a binary unit, or "".
func firstBinaryMemory(p *Pass) string {
	for r := range resources(p) {
		for _, bound := range bounds {
			value := r.Get("resources", bound, "memory")
			if _, ok := value.Quantity(); ok && isBinary(unitOf(value.Text())) {
				return value.Text()
			}
		}
	}
	return ""
}

// The units of quantities, smallest first: see
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity.
const (
	decimalUnits  = "kMGTPE"
	fractionUnits = "num"
)

// unitOf returns the unit of a quantity. An exponent is not a unit.
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

// inBytes reports whether a resource is counted in bytes.
func inBytes(name string) bool { return name == "memory" || name == "ephemeral-storage" }

// binaryOverDecimal returns the ratio of a binary unit to the decimal unit of the same letter: 1.024 a step.
func binaryOverDecimal(unit string) float64 {
	factor := 1.0
	for range strings.Index(decimalUnits, unit) + 1 {
		factor *= 1.024
	}
	return factor
}

// withoutUnit writes a quantity as a number without a unit.
func withoutUnit(q resource.Quantity) string { return q.AsDec().String() }
