package rule

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "random-secret",
		Title: "Secrets that are drawn at random are kept",
		Why: "Helm renders the templates again in every upgrade, and overwrites the Secret with a new password. Pods that " +
			"have the old one in their environment, and databases that were initialized with it, refuse the new one. " +
			"Certificates are an info, because they and their authority change together.",
		Bad: `stringData:
  password: {{ randAlphaNum 16 }}`,
		Good: `{{- $old := lookup "v1" "Secret" .Release.Namespace .Release.Name }}
data:
  password: {{ if $old }}{{ $old.data.password }}{{ else }}{{ randAlphaNum 16 | b64enc }}{{ end }}`,
		Severity:         Warning,
		ComparesReleases: true,
		Check:            checkRandomSecret,
	})
}

func checkRandomSecret(p *Pass) {
	again := p.Rendered.Again()
	if again == nil {
		return
	}
	upgraded := map[string]bool{}
	for _, pair := range p.Pairs {
		upgraded[pair.Base.String()] = true
	}
	for _, pair := range chart.PairObjects(p.Rendered, again) {
		secret := pair.Base
		// A Secret that is rendered only by the installation has another fault, or is kept.
		if secret.Kind != "Secret" || isCustom(secret) || secret.Name != pair.Other.Name || !upgraded[secret.String()] ||
			!rendersAgain(secret) || templatesOf(p.Chart).looksUp(secret.Template()) {
			continue
		}
		if drawn := drawnKeys(secret, pair.Other); len(drawn) > 0 {
			reportDrawn(p, secret, drawn)
		}
	}
}

// rendersAgain reports whether an object is applied in upgrades: it is no hook, or a hook of upgrades.
func rendersAgain(o *chart.Object) bool {
	return o.Hook() == chart.NoHook || strings.Contains(o.Get("metadata", "annotations", "helm.sh/hook").Text(), "upgrade")
}

// drawnKey is an entry of a Secret that is drawn at random.
type drawnKey struct {
	key   string
	value chart.Node
}

// drawnKeys returns the entries of a Secret that differ between two renderings for the same variant.
func drawnKeys(secret, again *chart.Object) []drawnKey {
	var drawn []drawnKey
	for _, field := range []string{"data", "stringData"} {
		for key, value := range secret.Get(field).Entries() {
			was, is := secretText(field, value), secretText(field, again.Get(field, key))
			if salted.ReplaceAllString(was, "") != salted.ReplaceAllString(is, "") {
				drawn = append(drawn, drawnKey{key, value})
			}
		}
	}
	return drawn
}

// salted matches hashes of passwords with random salts. They differ although the passwords do not.
var salted = regexp.MustCompile(`\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$apr1\$[./A-Za-z0-9]+\$[./A-Za-z0-9]+`)

// secretText returns the text of an entry of a Secret's data or stringData.
func secretText(field string, value chart.Node) string {
	if field == "data" {
		if decoded, err := base64.StdEncoding.DecodeString(value.Text()); err == nil {
			return string(decoded)
		}
	}
	return value.Text()
}

func reportDrawn(p *Pass, secret *chart.Object, drawn []drawnKey) {
	var keys []string
	certificates := secret.Get("type").Text() == "kubernetes.io/tls"
	for _, d := range drawn {
		keys = append(keys, d.key)
		certificates = certificates || strings.HasSuffix(d.key, ".crt") || strings.HasSuffix(d.key, ".pem")
	}
	f := Finding{
		Severity: Warning,
		Node:     drawn[0].value,
		Message:  fmt.Sprintf("every upgrade draws %s of %s anew, and nothing keeps the old value", list(keys), secret),
		Fix: "Look the Secret up and reuse its value, or render it in the installation only " +
			"(helm.sh/hook: pre-install), or demand the value from the user.",
		Object: secret.String(),
	}
	if certificates {
		f.Severity = Info
	}
	if f.Node.Position().Line == 0 { // the line differs between renderings
		f.Node = secret.Get("kind")
	}
	p.Report(f)
}
