# The tasks of this repository. `make` alone lists them.

GO ?= go

# golangci-lint is not in go.mod, so that its dependencies do not affect those of the suite.
GOLANGCI_LINT = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# helm-docs writes the chart's README. It is not in go.mod for the same reason.
HELM_DOCS = $(GO) run github.com/norwoodj/helm-docs/cmd/helm-docs@v1.14.2

# The Go modules: this one, and three that the suite builds on first use.
MODULES = . cluster/embedded/controlplane lint/practices internal/helm/helm4

# The time limit for the tests of one package. The first run on a machine builds the control plane.
TIMEOUT = 45m

# A folder of charts, on which make bench compares the linter with helm lint.
export CORPUS

# The duration of each fuzz test.
FUZZTIME = 30s

.DEFAULT_GOAL := help
.PHONY: help test acceptance versions kind kind-unit lint mutants unit vet check race bench fuzz docs generate fmt tidy

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: lint acceptance vet unit ## run what a change must pass: linter, scenarios, vet, tests of the code

acceptance: ## run the scenarios on the embedded cluster
	$(GO) test -count=1 -timeout $(TIMEOUT) -run '^TestFeatures$$'

versions: ## run the scenarios on every version of Kubernetes that the embedded cluster emulates, with Helm 3 and 4
	$(GO) test -count=1 -timeout $(TIMEOUT) -run '^TestFeatures$$' -kubernetes=all -helm=3,4

kind: ## run the scenarios on a kind cluster: KIND_FLAGS='-kind-image=kindest/node:v1.37.2 -godog.tags=@containers'
	$(GO) test -count=1 -timeout $(TIMEOUT) -run '^TestFeatures$$' -cluster=kind $(KIND_FLAGS)

kind-unit: ## test the suite itself on kind; KIND_FLAGS may have the flags that start with -kind
	$(GO) test -count=1 -timeout $(TIMEOUT) -run TestKindScripts ./acceptance $(KIND_FLAGS)
	$(GO) test -count=1 -timeout $(TIMEOUT) -run 'TestRunning|TestVerdicts' ./steps -cluster=kind $(KIND_FLAGS)

lint: ## lint the chart
	$(GO) run ./lint charts/traderadmin

mutants: ## put faults into copies of the chart, and check that the linter or a scenario catches each
	$(GO) run ./mutants -faults mutants/faults.yaml

unit: ## test the suite itself: steps, linter, clusters, commands
	@# The linter's tests come first: its memory limit takes effect too late beside tests that use all cores.
	$(GO) test -count=1 -timeout $(TIMEOUT) ./lint/...
	$(GO) test -count=1 -timeout $(TIMEOUT) -skip '^TestFeatures$$' $$($(GO) list ./... | grep -v /lint)
	cd cluster/embedded/controlplane && $(GO) test -count=1 ./...

vet: ## check the Go code with gofmt and go vet
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "run 'make fmt' for: $$unformatted" >&2; exit 1; }
	@for module in $(MODULES); do (cd $$module && $(GO) vet ./...) || exit 1; done

check: ## run golangci-lint, staticcheck included, over all modules
	@for module in $(MODULES); do (cd $$module && $(GOLANGCI_LINT) run ./...) || exit 1; done

race: ## run all tests under the race detector
	$(GO) test -race -count=1 -timeout $(TIMEOUT) ./...

bench: ## measure cluster, life cycles, 1,000 scenarios, and the linter, beside helm lint on CORPUS=FOLDER
	$(GO) test -run '^$$' -bench Ready -benchtime 5x ./cluster/embedded
	$(GO) test -run '^$$' -bench LifeCycle -benchtime 100x -timeout $(TIMEOUT) ./steps
	$(GO) test -run SideBySide -scenarios 1000 -v -timeout $(TIMEOUT) ./steps
	$(GO) test -run '^$$' -bench . ./internal/valuesuse ./lint/...

fuzz: ## run each fuzz test of the linter for FUZZTIME=30s
	$(GO) test -run '^$$' -fuzz FuzzValues -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./lint/linter
	$(GO) test -run '^$$' -fuzz FuzzTemplate -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./lint/linter
	$(GO) test -run '^$$' -fuzz FuzzConfig -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./lint/policy
	$(GO) test -run '^$$' -fuzz FuzzArchive -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./internal/chart

docs: ## generate docs/ from the rules, the linter's configuration and the steps, and the chart's README from its values
	$(GO) run ./lint --docs > docs/rules.md.new && mv docs/rules.md.new docs/rules.md
	$(GO) run ./lint --schema > docs/chartlint.schema.json.new && mv docs/chartlint.schema.json.new docs/chartlint.schema.json
	$(GO) test -count=1 -run '^TestFeatures$$' -steps-page=docs/steps.md
	$(HELM_DOCS) --chart-search-root charts --sort-values-order file --log-level warning
	@! grep -n '|  |$$' charts/*/README.md || { echo "these values have no description, which is a comment that starts with '# --'" >&2; exit 1; }

generate: ## generate the Kubernetes schemas of the linter (downloads from the module proxy)
	$(GO) generate ./lint/kubeschema

fmt: ## format the Go code
	gofmt -w .

tidy: ## tidy go.mod and go.sum of all modules
	@for module in $(MODULES); do (cd $$module && $(GO) mod tidy) || exit 1; done
