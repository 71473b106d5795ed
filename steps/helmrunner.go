package steps

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/internal/rollout"
)

// helmRunner runs the Helm commands of a scenario, and records their outcome for later steps.
type helmRunner struct {
	*view
	sender  *sender
	scratch *scratch
	helm    helm.Helm

	release     string // under test: the last one that the scenario named
	chart       string // of that release, as the scenario wrote it
	releases    releases
	earlier     []string     // releases that the only namespace had before the scenario
	last        *helm.Result // nil before the first command
	warned      []string     // the warnings of the API server, each with its command
	recordsPods bool         // because a step will compare pods
	before      *podRecord   // nil if no command has changed pods, or no step compares
	recording   *helm.Recording
}

// podRecord is the pods that existed before a command.
type podRecord struct {
	command string
	pods    map[types.UID]bool
}

// run runs a command line, in which "with" stands for the release and the chart under test.
func (r *helmRunner) run(ctx context.Context, line string) error {
	words, ofInstalled, err := expand(line, r.release, r.chart)
	if err != nil {
		return err
	}
	if ofInstalled {
		if err := r.ensureInstalled(ctx); err != nil {
			return err
		}
	}
	return r.runWords(ctx, words)
}

// expand splits a command line into words, and puts the release and the chart under test, as far as the command takes
// them, in the place of the word "with" after the command. ofInstalled says that it did so for a command that needs an
// installed release.
func expand(line, release, chart string) (words []string, ofInstalled bool, err error) {
	words, err = helm.Split(line)
	if err != nil {
		return nil, false, err
	}
	with := slices.Index(words, "with")
	if with != 1 && with != 2 { // `get values` has two words
		return words, false, nil
	}
	command, flags := words[:with], words[with+1:]
	takesRelease, takesChart, err := helm.Subject(command)
	if err != nil {
		return nil, false, err
	}
	var subject []string
	if takesRelease {
		subject = append(subject, release)
	}
	if takesChart {
		subject = append(subject, chart)
	}
	ofInstalled = takesRelease && command[0] != "install" && command[0] != "template"
	return slices.Concat(command, subject, flags), ofInstalled, nil
}

// ensureInstalled installs the release under test with the chart's own values, unless it is installed.
func (r *helmRunner) ensureInstalled(ctx context.Context) error {
	err := r.runWords(ctx, []string{"status", r.release})
	if !errors.Is(err, helm.ErrReleaseNotFound) {
		return err
	}
	return r.runWords(ctx, []string{"install", r.release, r.chart})
}

// runWords runs one command line. The release and the chart that it names are under test from then on.
func (r *helmRunner) runWords(ctx context.Context, words []string) error {
	if err := r.ensure(ctx, ""); err != nil { // Helm installs into the suite's namespace without --create-namespace
		return err
	}
	folder, err := r.scratch.folder()
	if err != nil {
		return err
	}
	scope := helm.Scope{
		Namespace: r.inCluster, Folder: folder, Prepare: r.sender.prepare, Recording: r.recording,
	}
	named := ""
	// A command line that cannot be parsed fails when it runs.
	if invocation, err := r.helm.Parse(words); err == nil {
		if words, err = r.confine(words, invocation); err != nil {
			return err
		}
		if n := len(invocation.Releases); n > 0 {
			named = invocation.Releases[n-1]
		}
		if invocation.CreateNamespace { // with the label of this run
			if err := r.ensure(ctx, invocation.Namespace); err != nil {
				return err
			}
		}
		if err := r.recordPods(ctx, words, invocation); err != nil {
			return err
		}
	}
	result, err := r.helm.Run(ctx, scope, words...)
	r.last = result
	r.warned = append(r.warned, apiWarnings(result)...)
	r.releases.add(result.Release)
	if named != "" {
		r.release = named
	}
	if result.Release != nil {
		r.release = result.Release.Name
	}
	if result.Chart != "" {
		r.chart = result.Chart
	}
	if err != nil {
		return explainHelm(err, strings.Join(words[:min(1, len(words))], ""), result.Warnings)
	}
	return nil
}

// apiWarning matches a warning of the API server in Helm's standard error: as Helm's SDK writes it here, and in the log
// format of helm binaries.
var apiWarning = regexp.MustCompile(`(?m)^(?:Warning: |W\d{4} [\d:.]+ +\d+ warnings\.go:\d+\] )(.*)$`)

// apiWarnings returns the warnings of the API server during a command, without repetitions.
func apiWarnings(result *helm.Result) []string {
	var all []string
	for _, found := range apiWarning.FindAllStringSubmatch(result.Warnings, -1) {
		all = append(all, fmt.Sprintf("%s (%s)", found[1], result.Command))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// confine keeps a command line from touching releases of others in the only namespace, and labels those that it
// creates.
func (r *helmRunner) confine(words []string, invocation *helm.Invocation) ([]string, error) {
	if r.single == "" {
		return words, nil
	}
	for _, release := range invocation.Releases {
		if slices.Contains(r.earlier, release) {
			return nil, fmt.Errorf("release %s was in namespace %s before this scenario, and is not touched: "+
				"use a namespace without it", release, r.single)
		}
	}
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { // the namespace exists
		return strings.HasPrefix(word, "--create-namespace")
	})
	if invocation.Command == "install" || invocation.Command == "upgrade" {
		words = append(words, "--labels", RunLabel+"="+r.namespaces.run)
	}
	return words, nil
}

// listEarlier lists the releases in the only namespace before the scenario.
func (r *helmRunner) listEarlier(ctx context.Context) error {
	if r.single == "" {
		return nil
	}
	secrets, err := r.client.CoreV1().Secrets(r.single).List(ctx, metav1.ListOptions{LabelSelector: helmSecrets})
	if err != nil {
		return fmt.Errorf("list the releases in namespace %s: %w", r.single, err)
	}
	for _, secret := range secrets.Items {
		r.earlier = append(r.earlier, secret.Labels["name"])
	}
	return nil
}

// recordPods records which pods exist before a command that may change them, if a later step compares. It first waits
// for rollouts under way: whether the command keeps a pod that they are about to delete would depend on chance.
func (r *helmRunner) recordPods(ctx context.Context, words []string, invocation *helm.Invocation) error {
	if !r.recordsPods || !slices.Contains([]string{"install", "upgrade", "rollback"}, invocation.Command) {
		return nil
	}
	if err := r.settle(ctx); err != nil {
		return fmt.Errorf("before `helm %s`: %w", strings.Join(words, " "), err)
	}
	r.before = &podRecord{"helm " + strings.Join(words, " "), map[types.UID]bool{}}
	for _, namespace := range r.all() {
		pods, err := r.client.CoreV1().Pods(namespace).List(ctx, everything)
		if err != nil {
			return fmt.Errorf("list the pods before `%s`: %w", r.before.command, err)
		}
		for _, pod := range pods.Items {
			r.before.pods[pod.UID] = true
		}
	}
	return nil
}

// settle waits until no rollout is under way in the scenario's namespaces. A rollout that does not end is no error
// here: the command may be what ends it.
func (r *helmRunner) settle(ctx context.Context) error {
	var waits errgroup.Group
	for _, namespace := range r.all() {
		rollouts, err := r.rollouts(ctx, namespace)
		if err != nil {
			return fmt.Errorf("list the workloads: %w", err)
		}
		for _, settled := range rollouts {
			waits.Go(func() error {
				_ = rollout.Await(ctx, r.client, namespace, r.limit, settled)
				return ctx.Err()
			})
		}
	}
	return waits.Wait()
}

// rollouts returns a condition for each workload of a namespace whose pods a rollout replaces.
func (r *helmRunner) rollouts(ctx context.Context, namespace string) ([]rollout.Condition, error) {
	var all []rollout.Condition
	apps := r.client.AppsV1()
	deployments, err := apps.Deployments(namespace).List(ctx, everything)
	if err != nil {
		return nil, err
	}
	for _, deployment := range deployments.Items {
		all = append(all, rollout.Settled("deployment", deployment.Name))
	}
	statefulSets, err := apps.StatefulSets(namespace).List(ctx, everything)
	if err != nil {
		return nil, err
	}
	for _, statefulSet := range statefulSets.Items {
		all = append(all, rollout.Settled("statefulset", statefulSet.Name))
	}
	daemonSets, err := apps.DaemonSets(namespace).List(ctx, everything)
	if err != nil {
		return nil, err
	}
	for _, daemonSet := range daemonSets.Items {
		all = append(all, rollout.Settled("daemonset", daemonSet.Name))
	}
	return all, nil
}

// query runs a Helm command that changes nothing. It is not the last command that steps ask about.
func (r *helmRunner) query(ctx context.Context, namespace string, words ...string) (*helm.Result, error) {
	scope := helm.Scope{Namespace: r.inCluster, Recording: r.recording}
	return r.helm.Run(ctx, scope, append(words, "--namespace", r.named(namespace))...)
}

// history returns the revisions of a release, the oldest first.
func (r *helmRunner) history(ctx context.Context, name, namespace string) ([]*helm.Release, error) {
	result, err := r.query(ctx, namespace, "history", name)
	if err != nil {
		return nil, fmt.Errorf("release %q in namespace %q: %w", name, r.named(namespace), err)
	}
	return result.Releases, nil
}

// uninstallElsewhere uninstalls the releases that have objects outside of the scenario's namespaces: those would stay
// when the namespaces are deleted.
func (r *helmRunner) uninstallElsewhere(ctx context.Context) error {
	own := r.all()
	var failed []error
	for _, release := range r.releases {
		elsewhere := slices.ContainsFunc(objects(release.Manifest), func(object *unstructured.Unstructured) bool {
			return object.GetNamespace() != "" && !slices.Contains(own, object.GetNamespace())
		})
		if !elsewhere {
			continue
		}
		scope := helm.Scope{Namespace: func(string) string { return release.Namespace }}
		_, err := r.helm.Run(ctx, scope, "uninstall", release.Name, "--no-hooks")
		if err != nil && !errors.Is(err, helm.ErrReleaseNotFound) {
			failed = append(failed, fmt.Errorf("uninstall what this scenario installed: %w", err))
		}
	}
	return errors.Join(failed...)
}
