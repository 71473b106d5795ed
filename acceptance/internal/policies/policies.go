// Package policies installs the ValidatingAdmissionPolicies of a folder on a cluster, for the namespaces and objects of
// one run.
//
// A binding is installed twice: for namespaced objects, with a selector of the run's namespaces, and for cluster-scoped
// ones, with a selector of the run's label. Objects of others, of the control plane and of other runs, never meet the
// policies. Namespaces are left out: those of a run are made by the suite, not by the chart.
package policies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
)

// Scope says which objects of a cluster the policies are for.
type Scope struct {
	// Label is the label of the namespaces and of the cluster-scoped objects of a run, and Run its value.
	Label, Run string
	// Namespace is the only namespace of the run. "" means all namespaces with the label.
	Namespace string
	// Shared says that others use the cluster, too. The names of the policies then end with the ID of the run.
	Shared bool
}

// set is the policies of a folder with their bindings.
type set struct {
	policies []*admission.ValidatingAdmissionPolicy
	bindings []*admission.ValidatingAdmissionPolicyBinding
}

// Install installs the policies in the YAML and JSON files below a folder, and returns once the API server applies
// them. A policy without a binding gets one that denies. remove deletes them again; it is never nil. If Install fails,
// it has removed what it installed. Parameters are not installed.
func Install(
	ctx context.Context, client kubernetes.Interface, folder string, scope Scope,
) (remove func(context.Context) error, err error) {
	read, err := load(folder)
	if err != nil {
		return func(context.Context) error { return nil }, fmt.Errorf("read the admission policies in %s: %w", folder, err)
	}
	installed := read.scoped(scope)
	canary := installed.addCanary(scope)
	remove = func(ctx context.Context) error { return installed.remove(ctx, client) }
	if err = installed.create(ctx, client); err == nil {
		err = awaitActive(ctx, client, canary)
	}
	if err != nil {
		err = fmt.Errorf("install the admission policies in %s: %w", folder, err)
		return remove, errors.Join(err, remove(context.WithoutCancel(ctx)))
	}
	return remove, nil
}

// load reads the policies and bindings below a folder, and binds the policies that no binding names.
func load(folder string) (*set, error) {
	read := new(set)
	err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := read.decode(string(content)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, policy := range read.policies {
		bound := slices.ContainsFunc(read.bindings, func(b *admission.ValidatingAdmissionPolicyBinding) bool {
			return b.Spec.PolicyName == policy.Name
		})
		if !bound {
			binding := &admission.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: policy.Name}}
			binding.Spec.PolicyName = policy.Name
			binding.Spec.ValidationActions = []admission.ValidationAction{admission.Deny}
			read.bindings = append(read.bindings, binding)
		}
	}
	return read, nil
}

// decode adds the policies and bindings of YAML documents.
func (s *set) decode(content string) error {
	for documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(content), 4096); ; {
		object := new(unstructured.Unstructured)
		err := documents.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch object.GetKind() {
		case "ValidatingAdmissionPolicy":
			policy := new(admission.ValidatingAdmissionPolicy)
			err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, policy)
			s.policies = append(s.policies, policy)
		case "ValidatingAdmissionPolicyBinding":
			binding := new(admission.ValidatingAdmissionPolicyBinding)
			err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, binding)
			s.bindings = append(s.bindings, binding)
		}
		if err != nil {
			return fmt.Errorf("%s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

// scoped returns copies of the policies and bindings for the objects of a run only.
func (s *set) scoped(scope Scope) *set {
	limited := new(set)
	for _, policy := range s.policies {
		policy = policy.DeepCopy()
		policy.ObjectMeta = scope.meta(policy.Name)
		limited.policies = append(limited.policies, policy)
	}
	for _, binding := range s.bindings {
		namespaced := binding.DeepCopy()
		namespaced.ObjectMeta = scope.meta(binding.Name)
		namespaced.Spec.PolicyName = scope.name(binding.Spec.PolicyName)
		namespaced.Spec.MatchResources = limit(namespaced.Spec.MatchResources, admission.NamespacedScope)
		selected := &namespaced.Spec.MatchResources.NamespaceSelector
		*selected = require(*selected, scope.namespaces())

		global := binding.DeepCopy()
		global.ObjectMeta = scope.meta(binding.Name + "-cluster-scoped")
		global.Spec.PolicyName = namespaced.Spec.PolicyName
		global.Spec.MatchResources = limit(global.Spec.MatchResources, admission.ClusterScope)
		selected = &global.Spec.MatchResources.ObjectSelector
		*selected = require(*selected, labelIs(scope.Label, scope.Run))
		limited.bindings = append(limited.bindings, namespaced, global)
	}
	return limited
}

// name returns the name on the cluster of a policy or binding.
func (s Scope) name(name string) string {
	if s.Shared {
		return name + "-" + s.Run
	}
	return name
}

func (s Scope) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: s.name(name), Labels: map[string]string{s.Label: s.Run}}
}

// namespaces returns what the labels of the run's namespaces have in common.
func (s Scope) namespaces() metav1.LabelSelectorRequirement {
	if s.Namespace != "" {
		return labelIs(corev1.LabelMetadataName, s.Namespace)
	}
	return labelIs(s.Label, s.Run)
}

func labelIs(key, value string) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value}}
}

// require returns a selector with a further requirement.
func require(selector *metav1.LabelSelector, more metav1.LabelSelectorRequirement) *metav1.LabelSelector {
	if selector == nil {
		selector = new(metav1.LabelSelector)
	}
	selector.MatchExpressions = append(selector.MatchExpressions, more)
	return selector
}

// limit limits the resources of a binding to those of a scope, without namespaces.
func limit(resources *admission.MatchResources, to admission.ScopeType) *admission.MatchResources {
	if resources == nil {
		resources = new(admission.MatchResources)
	}
	if len(resources.ResourceRules) == 0 {
		resources.ResourceRules = []admission.NamedRuleWithOperations{everything("*/*")}
	}
	var rules []admission.NamedRuleWithOperations
	for _, rule := range resources.ResourceRules {
		if rule.Scope == nil || *rule.Scope == admission.AllScopes || *rule.Scope == to {
			rule.Scope = &to
			rules = append(rules, rule)
		}
	}
	resources.ResourceRules = rules
	if to == admission.ClusterScope {
		resources.ExcludeResourceRules = append(resources.ExcludeResourceRules, everything("namespaces", "namespaces/*"))
	}
	if len(rules) == 0 { // an empty list would mean all resources
		resources.ResourceRules = []admission.NamedRuleWithOperations{everything("*/*")}
		resources.ExcludeResourceRules = []admission.NamedRuleWithOperations{everything("*/*")}
	}
	return resources
}

func everything(resources ...string) admission.NamedRuleWithOperations {
	return admission.NamedRuleWithOperations{RuleWithOperations: admission.RuleWithOperations{
		Operations: []admission.OperationType{admission.OperationAll},
		Rule:       admission.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: resources},
	}}
}

// addCanary adds a policy that refuses one object, which it returns, and nothing else. The API server sees policies in
// the order of their creation: once it refuses this object, it applies all others.
func (s *set) addCanary(scope Scope) *corev1.ConfigMap {
	name := "policies-of-run-" + scope.Run
	label := map[string]string{name: ""}
	policy := &admission.ValidatingAdmissionPolicy{ObjectMeta: scope.meta(name)}
	policy.Spec.MatchConstraints = &admission.MatchResources{
		ResourceRules: []admission.NamedRuleWithOperations{everything("configmaps")},
	}
	policy.Spec.Validations = []admission.Validation{{Expression: "false", Message: "the policies are active"}}
	binding := &admission.ValidatingAdmissionPolicyBinding{ObjectMeta: scope.meta(name)}
	binding.Spec = admission.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: policy.Name, ValidationActions: []admission.ValidationAction{admission.Deny},
		MatchResources: &admission.MatchResources{ObjectSelector: &metav1.LabelSelector{MatchLabels: label}},
	}
	s.policies, s.bindings = append(s.policies, policy), append(s.bindings, binding)
	namespace := scope.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: label}}
}

func (s *set) create(ctx context.Context, client kubernetes.Interface) error {
	registration := client.AdmissionregistrationV1()
	for _, policy := range s.policies {
		_, err := registration.ValidatingAdmissionPolicies().Create(ctx, policy, metav1.CreateOptions{})
		if err != nil {
			return err
		}
	}
	for _, binding := range s.bindings {
		_, err := registration.ValidatingAdmissionPolicyBindings().Create(ctx, binding, metav1.CreateOptions{})
		if err != nil {
			return err
		}
	}
	return nil
}

// activeAfter is how long the API server may take to apply new policies. It takes about a second.
const activeAfter = time.Minute

// awaitActive waits until the API server refuses the canary. Its creation is a dry run.
func awaitActive(ctx context.Context, client kubernetes.Interface, canary *corev1.ConfigMap) error {
	poll := func(ctx context.Context) (bool, error) {
		dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
		_, err := client.CoreV1().ConfigMaps(canary.Namespace).Create(ctx, canary, dry)
		if err != nil && strings.Contains(err.Error(), "the policies are active") {
			return true, nil
		}
		return false, err
	}
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, activeAfter, true, poll)
	if err != nil {
		return fmt.Errorf("wait until the API server applies them: %w", err)
	}
	return nil
}

// remove deletes the policies and bindings that exist.
func (s *set) remove(ctx context.Context, client kubernetes.Interface) error {
	registration := client.AdmissionregistrationV1()
	var failed []error
	for _, binding := range s.bindings {
		err := registration.ValidatingAdmissionPolicyBindings().Delete(ctx, binding.Name, metav1.DeleteOptions{})
		failed = append(failed, ignoreNotFound(err))
	}
	for _, policy := range s.policies {
		err := registration.ValidatingAdmissionPolicies().Delete(ctx, policy.Name, metav1.DeleteOptions{})
		failed = append(failed, ignoreNotFound(err))
	}
	return errors.Join(failed...)
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
