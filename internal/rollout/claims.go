package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// claimGrace is how long a pod must wait for a claim that cannot be bound. Something may be about to create what is
// missing, as for a ConfigMap that a pod mounts.
const claimGrace = 5 * time.Second

// defaultClass is the annotation of the StorageClass of claims that name none.
const defaultClass = "storageclass.kubernetes.io/is-default-class"

// unusableClaims returns why claims of a pod that is not scheduled cannot be bound: they do not exist, or nothing
// provides their StorageClass. It returns "" if they may be bound later, or if the API server cannot be queried.
func unusableClaims(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) string {
	var why []string
	for _, name := range claims(pod) {
		claim, err := client.CoreV1().PersistentVolumeClaims(pod.Namespace).Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			why = append(why, missingClaim(ctx, client, pod.Namespace, name))
		case err == nil && claim.Status.Phase == corev1.ClaimPending:
			if unknown := unknownClass(ctx, client, claim); unknown != "" {
				why = append(why, fmt.Sprintf("persistentvolumeclaim/%s %s", name, unknown))
			}
		}
	}
	return strings.Join(why, "; ")
}

// claims returns the names of the claims that a pod mounts.
func claims(pod *corev1.Pod) []string {
	var names []string
	for _, volume := range pod.Spec.Volumes {
		switch {
		case volume.PersistentVolumeClaim != nil:
			names = append(names, volume.PersistentVolumeClaim.ClaimName)
		case volume.Ephemeral != nil:
			names = append(names, pod.Name+"-"+volume.Name)
		}
	}
	return names
}

// missingClaim says that a claim does not exist, and which ones the namespace has.
func missingClaim(ctx context.Context, client kubernetes.Interface, namespace, name string) string {
	text := fmt.Sprintf("persistentvolumeclaim/%s does not exist", name)
	others, err := client.CoreV1().PersistentVolumeClaims(namespace).List(ctx, metav1.ListOptions{})
	if err != nil || len(others.Items) == 0 {
		return text
	}
	var names []string
	for _, other := range others.Items {
		names = append(names, "persistentvolumeclaim/"+other.Name)
	}
	return fmt.Sprintf("%s; the namespace has %s", text, listNearest("persistentvolumeclaim/"+name, names))
}

// unknownClass returns why no volume will be provided for a claim: its StorageClass does not exist, or it names none
// and there is no default, and no unbound volume has that class. It returns "" otherwise.
func unknownClass(ctx context.Context, client kubernetes.Interface, claim *corev1.PersistentVolumeClaim) string {
	if claim.Spec.VolumeName != "" || claim.Annotations[corev1.BetaStorageClassAnnotation] != "" {
		return ""
	}
	classes, err := client.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return ""
	}
	wanted := ""
	if claim.Spec.StorageClassName != nil {
		wanted = *claim.Spec.StorageClassName
	}
	var names []string
	for _, class := range classes.Items {
		isDefault := claim.Spec.StorageClassName == nil && class.Annotations[defaultClass] == "true"
		if class.Name == wanted || isDefault {
			return ""
		}
		names = append(names, class.Name)
	}
	volumes, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil || slices.ContainsFunc(volumes.Items, func(volume corev1.PersistentVolume) bool {
		return volume.Spec.StorageClassName == wanted && volume.Spec.ClaimRef == nil
	}) {
		return ""
	}
	has := "the cluster has none"
	if len(names) > 0 {
		has = "the cluster has " + listNearest(wanted, names)
	}
	if wanted == "" && claim.Spec.StorageClassName != nil {
		return "asks for a volume without a StorageClass, and there is no unbound one"
	}
	if wanted == "" {
		return "names no StorageClass, and no StorageClass is the default; " + has
	}
	return fmt.Sprintf("names the StorageClass %s, which does not exist; %s", wanted, has)
}
