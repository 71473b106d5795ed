package report

import (
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var sections = []Section{
	{
		Title: "Findings", Columns: []string{"Severity", "Position", "Finding"},
		Rows: [][]string{{"error", "a.yaml:3", "<no> limits"}},
	},
	{
		Title: "Resources", Text: "Per container.", Columns: []string{"Container", "CPU"},
		Rows: [][]string{{"shop", "100m"}, {"redis", ""}},
	},
}

func TestPageIsSelfContained(t *testing.T) {
	dir := t.TempDir()
	r, _ := suite{features: []godog.Feature{file("orders.feature", mixed)}, concurrency: 4, seed: 42}.
		run(t, Options{Dir: dir, Title: "Shop & more", Command: "go test -run 'X'", Test: "TestFeatures", Sections: sections})
	require.NoError(t, r.Write())
	page := read(t, dir, pageFile)

	external := regexp.MustCompile(`(src|href)="(https?:)?//[^"]*|@import|url\(`)
	assert.Empty(t, external.FindAllString(page, -1), "external resources")
	assert.Zero(t, strings.Count(page, "ZgotmplZ"), "values that html/template rejected")
	requireText(t, page,
		"6 of 9 scenarios failed", "Shop &amp; more", "go test -run &#39;X&#39;", "<code>42</code>",
		"Pay &lt;and&gt; go", `<span class="removed">-replicas: 2`, `<span class="added">&#43;replicas: 1`,
		`src="data:image/png;base64,`, "&lt;no&gt; limits", `<td class="n">100m</td>`,
		"func parcelsGoTo(arg1 int, arg2 string) error", `{&#34;kg&#34;: 20}`, "<td>limit</td>",
		"^TestFeatures$/^Explain_a_failure$")
}

func TestLinksAreUniqueAndStable(t *testing.T) {
	ids := func(seed int64) []string {
		dir := t.TempDir()
		r, _ := suite{
			features: []godog.Feature{
				file("orders.feature", mixed), file("calm.feature", calm), file("more/calm.feature", calm),
			},
			concurrency: 4, seed: seed,
		}.run(t, Options{Dir: dir})
		require.NoError(t, r.Write())
		var ids []string
		for _, match := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(read(t, dir, pageFile), -1) {
			ids = append(ids, match[1])
		}
		return ids
	}
	first := ids(1)
	assert.Contains(t, first, "orders/explain-a-failure")
	assert.Contains(t, first, "calm/one-2")
	seen := map[string]bool{}
	for _, id := range first {
		assert.False(t, seen[id], id)
		seen[id] = true
	}
	assert.ElementsMatch(t, first, ids(2))
}

func TestPageOfAnEmptyRun(t *testing.T) {
	dir := t.TempDir()
	r, _ := suite{features: []godog.Feature{file("calm.feature", calm)}, tags: "@none"}.run(t, Options{Dir: dir})
	require.NoError(t, r.Write())
	requireText(t, read(t, dir, pageFile), "No scenario ran.")
}

// drive operates the page like a user, and records what the page shows. It runs after the script of the page.
const drive = `<script>
const see = () => [...document.querySelectorAll(".scenario")].filter((s) => s.checkVisibility()).map((s) => s.id);
const type = (text) => { search.value = text; search.dispatchEvent(new Event("input")); };
const press = (key, target = document.body) =>
	target.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
const chip = (status) => document.querySelector(".chip[data-status=" + status + "]").click();
const search = document.getElementById("search"), tag = document.getElementById("tag"), did = {};

did.first = see().length;
did.open = [...document.querySelectorAll(".scenario[open]")].length;
chip("skipped"); did.skipped = see();
chip("passed"); did.skippedOrPassed = see().length;
press("Escape"); did.escaped = see().length;
type("PARCELS oslo"); did.words = see(); did.shown = document.getElementById("shown").textContent;
type("pod/shop-1"); did.errors = see();
type("nothing like it"); did.none = see().length; did.nothing = document.getElementById("nothing").checkVisibility();
document.getElementById("reset").click(); did.reset = see().length;
tag.value = "@smoke"; tag.dispatchEvent(new Event("change")); did.tag = see();
type("kg: 20"); type("weight: 20"); did.tagAndWord = see();
press("Escape");
press("/"); did.slash = document.activeElement.id;
document.activeElement.blur();
press("n"); did.next = document.activeElement.closest(".scenario").id;
press("n", document.activeElement); did.nextButOne = document.activeElement.closest(".scenario").id;
press("p", document.activeElement); did.previous = document.activeElement.closest(".scenario").id;
const expand = document.getElementById("expand");
expand.click(); did.expanded = document.querySelectorAll("main details:not([open])").length;
expand.click(); did.collapsed = document.querySelectorAll("main details[open]").length;
type("calm"); location.hash = "#orders/boom";
const paper = () => getComputedStyle(document.body).backgroundColor;
const theme = document.getElementById("theme");
theme.click(); did.light = paper(); theme.click(); did.dark = paper(); did.theme = theme.textContent;
addEventListener("hashchange", () => {
	did.linked = document.getElementById("orders/boom").checkVisibility() && document.getElementById("orders/boom").open;
	const result = document.createElement("pre");
	result.id = "did";
	result.textContent = JSON.stringify(did);
	document.body.append(result);
});
</script></body>`

func TestPageInABrowser(t *testing.T) {
	browser := chromium(t)
	dir := t.TempDir()
	r, _ := suite{
		features:    []godog.Feature{file("orders.feature", mixed+boomScenario), file("calm.feature", calm)},
		concurrency: 4,
	}.run(t, Options{Dir: dir, Sections: sections})
	require.NoError(t, r.Write())
	driven := filepath.Join(dir, "driven.html")
	require.NoError(t, os.WriteFile(driven, []byte(strings.Replace(read(t, dir, pageFile), "</body>", drive, 1)), 0o644))

	command := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--no-first-run", "--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=5000", "--dump-dom", "file://"+driven)
	output, err := command.Output()
	require.NoError(t, err)
	found := regexp.MustCompile(`<pre id="did">(.*)</pre>`).FindSubmatch(output)
	require.NotNil(t, found, "the page's script failed, %d bytes", len(output))

	var did map[string]any
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(string(found[1]))), &did))
	assert.Equal(t, map[string]any{
		"first": 12., "open": 7.,
		"skipped": []any{"orders/not-here"}, "skippedOrPassed": 5., "escaped": 12.,
		"words": []any{"orders/nobody-wrote-it"}, "shown": "1 of 12 scenarios shown",
		"errors": []any{"orders/explain-a-failure"},
		"none":   0., "nothing": true, "reset": 12.,
		"tag":        []any{"orders/weigh-a-parcel-2", "orders/pay-and-go", "orders/weigh-a-parcel"},
		"tagAndWord": []any{"orders/weigh-a-parcel-2"},
		"slash":      "search", "next": "orders/explain-a-failure", "nextButOne": "orders/not-there-yet",
		"previous": "orders/explain-a-failure",
		"expanded": 0., "collapsed": 0., "linked": true,
		"light": "rgb(245, 246, 248)", "dark": "rgb(15, 19, 24)", "theme": "◐ Dark",
	}, did)
}

const boomScenario = `
  Rule: Boom
    Scenario: Boom
      Then this panics
`

// chromium returns the path of a browser, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("Chromium is not installed: the Debian package is chromium")
	return ""
}
