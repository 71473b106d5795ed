package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cucumber/godog"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/traderadmin/charts/internal/rollout"
)

func (s *scenario) containerGetsEnv(ctx context.Context, container, called, namespace string, table *godog.Table) error {
	var env []corev1.EnvVar
	for _, row := range records(table) {
		env = append(env, corev1.EnvVar{Name: row["name"], Value: row["value"]})
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": container, "env": env}},
	}}}})
	if err != nil {
		return err
	}
	kind, name := workload(called)
	subject, err := s.subject(kind, name, namespace)
	if err != nil {
		return err
	}
	return s.look(ctx, kind, name, namespace, func(object map[string]any) (bool, error) {
		if err := hasContainer(object, container); err != nil { // a patch would add one
			return true, err
		}
		_, err := subject.client.Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
		return true, err
	})
}

func hasContainer(object map[string]any, name string) error {
	template, err := podTemplate(object)
	if err != nil {
		return err
	}
	var names []string
	for _, container := range template.Spec.Containers {
		if container.Name == name {
			return nil
		}
		names = append(names, container.Name)
	}
	return fmt.Errorf("it has no container %q, only %s", name, listed(names))
}

func (s *scenario) cannotBeRolledOutSaying(ctx context.Context, called, text, namespace string) error {
	err := s.isRolledOut(ctx, called, namespace)
	waited := (*rollout.Error)(nil)
	switch {
	case err == nil:
		return fmt.Errorf("%s is rolled out, where it should not have been", called)
	case ctx.Err() != nil || !errors.As(err, &waited):
		return err
	}
	_, log, _ := strings.Cut(waited.Detail(), "Last log lines")
	if !strings.Contains(log, text) {
		return fmt.Errorf("%s cannot be rolled out, but no log has %q: %w\n%s", called, text, err, waited.Detail())
	}
	return nil
}

func (s *scenario) deletePod(ctx context.Context, called, namespace string) error {
	pods, err := s.pods(ctx, called, namespace)
	if err != nil {
		return err
	}
	name := pods[0].Name
	subject, err := s.subject("pod", name, namespace)
	if err != nil {
		return err
	}
	if err := subject.client.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := s.awaitObject(ctx, subject.client, name, func(pod *unstructured.Unstructured) (bool, error) {
		if pod == nil || pod.GetUID() != pods[0].UID {
			return true, nil
		}
		return false, errors.New("it is there still")
	}); err != nil {
		return fmt.Errorf("delete pod/%s: %w", name, err)
	}
	return s.isRolledOut(ctx, called, namespace)
}
