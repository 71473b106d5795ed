# What there is to do in this repository; `make` alone lists it.

GO ?= go

# The linters of Go code run at versions of their own, outside go.mod, so that what they depend on is not what the suite depends on.
GOLANGCI_LINT = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# Writes the page of the chart's values, likewise.
HELM_DOCS = $(GO) run github.com/norwoodj/helm-docs/cmd/helm-docs@v1.14.2

# The Go modules: this one, and those that are built when they are first needed: the embedded control plane, and kube-score's checks.
MODULES = . cluster/embedded/controlplane lint/practices

# How long the tests of one package may take. The first run on a machine builds the control plane.
TIMEOUT = 45m

# How long each fuzz test runs.
FUZZTIME = 30s

.DEFAULT_GOAL := help
.PHONY: help test acceptance kind kind-unit lint mutants unit vet check race bench fuzz docs generate fmt tidy

help: ## list what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: lint acceptance vet unit ## everything a change must pass: vet, the chart's lint, its scenarios, vet, the tests of the code

acceptance: ## run the scenarios on the embedded cluster
	$(GO) test -count=1 -timeout $(TIMEOUT) -run '^TestFeatures$$'

kind: ## run the scenarios on a kind cluster: KIND_FLAGS='-kind-image kindest/node:v1.37.2 -godog.tags @containers'
	$(GO) test -count=1 -timeout $(TIMEOUT) -run '^TestFeatures$$' . -cluster=kind $(KIND_FLAGS)

kind-unit: ## test the suite itself on kind: what runs leave there, and the steps about running containers; of KIND_FLAGS, those that begin with -kind
	$(GO) test -count=1 -timeout $(TIMEOUT) -run Kind . -cluster=kind $(KIND_FLAGS)
	$(GO) test -count=1 -timeout $(TIMEOUT) -run TestRunning ./steps -cluster=kind $(KIND_FLAGS)

lint: ## lint the chart
	$(GO) run ./lint charts/traderadmin

mutants: ## put faults into copies of the chart, and see that the linter or a scenario finds each
	$(GO) run ./mutants

unit: ## test the suite itself: steps, linter, clusters, commands
	$(GO) test -count=1 -timeout $(TIMEOUT) -skip '^TestFeatures$$' ./...

vet: ## check the format of the Go code, and what go vet finds
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "run 'make fmt' for: $$unformatted" >&2; exit 1; }
	@for module in $(MODULES); do (cd $$module && $(GO) vet ./...) || exit 1; done

check: ## run golangci-lint, staticcheck included, over all modules
	@for module in $(MODULES); do (cd $$module && $(GOLANGCI_LINT) run ./...) || exit 1; done

race: ## run all tests under the race detector
	$(GO) test -race -count=1 -timeout $(TIMEOUT) ./...

bench: ## measure: the cluster's start, life cycles of a release, 1,000 scenarios, the linter
	$(GO) test -run '^$$' -bench Ready -benchtime 5x ./cluster/embedded
	$(GO) test -run '^$$' -bench LifeCycle -benchtime 100x -timeout $(TIMEOUT) ./steps
	$(GO) test -run SideBySide -scenarios 1000 -v -timeout $(TIMEOUT) ./steps
	$(GO) test -run '^$$' -bench . ./internal/valuesuse ./lint/...

fuzz: ## feed the linter at random, each of its fuzz tests for FUZZTIME=30s
	$(GO) test -run '^$$' -fuzz FuzzValues -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./lint/linter
	$(GO) test -run '^$$' -fuzz FuzzTemplate -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./lint/linter
	$(GO) test -run '^$$' -fuzz FuzzConfig -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./lint/policy
	$(GO) test -run '^$$' -fuzz FuzzArchive -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./internal/chart

docs: ## write docs/ from the rules, the linter's configuration and the steps, and the chart's README.md from its values
	$(GO) run ./lint --docs > docs/rules.md.new && mv docs/rules.md.new docs/rules.md
	$(GO) run ./lint --schema > docs/chartlint.schema.json.new && mv docs/chartlint.schema.json.new docs/chartlint.schema.json
	$(GO) test -count=1 -run '^TestStepsPage$$' ./steps -update
	$(HELM_DOCS) --chart-search-root charts --sort-values-order file --log-level warning
	@! grep -n '|  |$$' charts/*/README.md || { echo "these values have no description: a comment that starts with '# --'" >&2; exit 1; }

generate: ## write the Kubernetes schemas that the linter holds manifests against (asks the module proxy)
	$(GO) generate ./lint/kubeschema

fmt: ## format the Go code
	gofmt -w .

tidy: ## tidy go.mod and go.sum of all modules
	@for module in $(MODULES); do (cd $$module && $(GO) mod tidy) || exit 1; done
