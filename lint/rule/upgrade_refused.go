package rule

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/internal/upgrade"
)

// UpgradeRefused is the ID of the rule about updates that the API server refuses.
const UpgradeRefused = "upgrade-refused"

func init() {
	register(&Rule{
		ID:    UpgradeRefused,
		Title: "The API server accepts the upgrade of every object",
		Why: "Many fields cannot change: the selector of a workload, the volumeClaimTemplates of a StatefulSet, the pod of " +
			"a Job, the role of a RoleBinding. An upgrade that changes one fails half-way, and so does the next one. This " +
			"rule runs with --upgrade-from. It renders the chart of before and that of now for a release, and asks the API " +
			"server's own code about the update that Helm 3 sends for each object. A chart that has the version of before " +
			"is upgraded to its next version. What the API server would not take in a new object either is reported by " +
			"api-refuses. Objects that Helm cannot create because an old one is still there are found, too.",
		Bad: `kind: Deployment
spec:
  selector:
    matchLabels: {app: shop, tier: web} # {app: shop} in the chart of before`,
		Good: `kind: Deployment
spec:
  selector:
    matchLabels: {app: shop}`,
		Severity:        Error,
		ComparesUpgrade: true,
		Check:           checkUpgradeRefused,
	})
}

// Upgrade is an upgrade of a release to the chart from another chart.
type Upgrade struct {
	*upgrade.Upgrade
	// Base is the chart of before.
	Base *chart.Chart
	// NextVersion means that the chart is rendered as its next version, because it has that of the base.
	NextVersion bool
	// Refused are the updates that the API server refuses.
	Refused []upgrade.Refused
	// Clashes are the objects that Helm cannot create.
	Clashes []upgrade.Clash
	// Failures are the reasons why the chart does not render with the values that the release has, Violations are those of
	// its schema, and NotCreated the objects that the API server refuses only with these.
	Failures   []chart.Failure
	Violations []chart.Failure
	NotCreated []NotCreated
	// Reused means that the values are those of helm upgrade --reuse-values.
	Reused bool
}

// String says what the upgrade is from, or to.
func (u *Upgrade) String() string {
	if u.NextVersion {
		return "to the version after " + u.Base.Version()
	}
	return "from " + u.Base.Version()
}

// breaking is what a change needs that refuses an upgrade. What only the next version would change is no change yet.
func (u *Upgrade) breaking() Bump {
	if u.NextVersion {
		return NoBump
	}
	return MajorBump
}

func checkUpgradeRefused(p *Pass) {
	for _, c := range p.Upgrade.Clashes {
		p.reportClash(c)
	}
	for _, r := range p.Upgrade.Refused {
		o := r.Other
		if isArgoHook(o) {
			continue // it is replaced
		}
		path, what := parseField(r.Refusal.Field), r.Refusal.Field
		if len(r.Changes) > 0 {
			path, what = r.Changes[0].Path, describeChange(r.Changes[0])+others(r.Changes[1:])
		}
		at, _ := nodeAt(o, path)
		f := Finding{
			Node: at,
			Message: fmt.Sprintf("the API server refuses the upgrade of %s %s: %s: %s", o, p.Upgrade, what,
				reason(r.Refusal.Message)),
			Fix:    upgradeFix(o),
			Object: o.String(),
			Field:  path.String(),
			Needs:  p.Upgrade.breaking(),
		}
		if o.Get("spec", "ttlSecondsAfterFinished").Exists() {
			f.Severity = Info // it is deleted before long
		}
		p.Report(f)
	}
}

func (p *Pass) reportClash(c upgrade.Clash) {
	o := c.Object
	if c.Hook != nil {
		p.Report(Finding{
			Node: o.Get("metadata", "name"),
			Message: fmt.Sprintf("the upgrade %s fails: Helm does not take over %s, which exists because it was a hook",
				p.Upgrade, o),
			Fix:    "Give it another name, or keep it a hook.",
			Object: o.String(),
			Needs:  p.Upgrade.breaking(),
		})
		return
	}
	at := locate(o, c.Refusal)
	p.Report(Finding{
		Node: at.at,
		Message: fmt.Sprintf("the API server refuses %s in the upgrade %s: %s: %s: Helm creates new objects before it "+
			"deletes old ones", o, p.Upgrade, at.Field, reason(at.Message)),
		Fix:    fmt.Sprintf("Keep the name of the %s, or give it another %s.", o.Kind, last(parseField(at.Field))),
		Object: o.String(),
		Field:  at.Field,
		Needs:  p.Upgrade.breaking(),
	})
}

// last returns the last key of a path.
func last(f field) string {
	if len(f) == 0 {
		return "value"
	}
	return f[len(f)-1]
}

// describeChange says what an upgrade does to a value.
func describeChange(c upgrade.Change) string {
	path := field(c.Path).String()
	switch {
	case c.Before == nil:
		return fmt.Sprintf("%s becomes %s and was not set", path, inline(c.After))
	case c.After == nil:
		return fmt.Sprintf("%s was %s and is not set any more", path, inline(c.Before))
	}
	return fmt.Sprintf("%s changes from %s to %s", path, inline(c.Before), inline(c.After))
}

// others names further changes.
func others(changes []upgrade.Change) string {
	var paths []string
	for _, c := range changes {
		paths = append(paths, field(c.Path).String())
	}
	if len(paths) == 0 {
		return ""
	}
	return " (and " + list(paths) + ")"
}

// inline returns a value as short JSON.
func inline(value any) string {
	const most = 60
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	if len(text) > most {
		return strings.ToValidUTF8(string(text[:most]), "") + "…"
	}
	return string(text)
}

// reason returns the end of the API server's message about a field, without the value, which may be a long dump.
func reason(message string) string {
	message, _, _ = strings.Cut(message, "\n") // a diff follows
	for _, start := range []string{"Invalid value: ", "Forbidden: "} {
		if rest, found := strings.CutPrefix(message, start); found {
			if i := strings.LastIndex(rest, ": "); start == "Invalid value: " && i >= 0 {
				rest = rest[i+2:]
			}
			return rest
		}
	}
	return message
}

// upgradeFix returns what to do about an update that is refused.
func upgradeFix(o *chart.Object) string {
	const keep = "Leave the field as it was"
	switch o.Kind {
	case "Job":
		return "Make the Job a hook (helm.sh/hook: pre-install,pre-upgrade), set ttlSecondsAfterFinished, or put " +
			"{{ .Release.Revision }} into its name."
	case "StatefulSet":
		return keep + ". Otherwise users have to delete the StatefulSet with --cascade=orphan before they upgrade."
	case "PersistentVolumeClaim", "PersistentVolume":
		return keep + ". Under another name the volume would start without its data."
	}
	return fmt.Sprintf("%s, or give the %s another name, so that Helm makes a new one and deletes the old one.",
		keep, o.Kind)
}
