package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisionerName is the provisioner of the default StorageClass of a kind cluster, which is Rancher's local-path
// provisioner.
const provisionerName = "rancher.io/local-path"

// volumeDirectory is where the local-path provisioner keeps the volumes of a node.
const volumeDirectory = "/var/local-path-provisioner"

// storageClasses returns the StorageClasses of the cluster.
//
//   - standard is the default, as on kind: a volume is local to the node that the scheduler has chosen for the pod.
//   - network stands for the storage of a cloud: a volume is bound at once, may be used on several nodes, and grows.
func storageClasses() []*storagev1.StorageClass {
	waits, immediate := storagev1.VolumeBindingWaitForFirstConsumer, storagev1.VolumeBindingImmediate
	deletes, grows := corev1.PersistentVolumeReclaimDelete, true
	return []*storagev1.StorageClass{
		{
			ObjectMeta: metav1.ObjectMeta{
				Name:        "standard",
				Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
			},
			Provisioner: provisionerName, VolumeBindingMode: &waits, ReclaimPolicy: &deletes,
		},
		{
			ObjectMeta:  metav1.ObjectMeta{Name: "network"},
			Provisioner: provisionerName, VolumeBindingMode: &immediate, ReclaimPolicy: &deletes,
			AllowVolumeExpansion: &grows,
		},
	}
}

// provideStorage creates the StorageClasses. Then it provisions, expands and deletes volumes in the background until
// ctx ends. The controller manager and the scheduler do the rest: they set defaults, bind claims and choose nodes.
func provideStorage(ctx context.Context, clientset kubernetes.Interface) error {
	for _, class := range storageClasses() {
		if _, err := clientset.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create the StorageClass %s: %w", class.Name, err)
		}
	}
	const neverAgain = 0 // informers need no resync, because the API server is on the same machine
	shared := informers.NewSharedInformerFactory(clientset, neverAgain)
	claims := shared.Core().V1().PersistentVolumeClaims().Informer()
	_, err := claims.AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, updated any) {
			if err := expand(ctx, clientset, updated.(*corev1.PersistentVolumeClaim)); err != nil {
				runtime.HandleErrorWithContext(ctx, err, "Expand a volume")
			}
		},
	})
	if err != nil {
		return err
	}
	provisions := controller.NewProvisionController(ctx, clientset, provisionerName, provisioner{},
		controller.ClaimsInformer(claims),
		controller.LeaderElection(false),
		controller.ResyncPeriod(time.Hour),
	)
	shared.Start(ctx.Done())
	go provisions.Run(ctx)
	return nil
}

// provisioner makes volumes that exist only in the API.
type provisioner struct{}

// Provision returns a volume for a claim. A class that waits for the first consumer has local volumes. Like the
// local-path provisioner, it refuses access from several nodes to them.
func (provisioner) Provision(
	_ context.Context, options controller.ProvisionOptions,
) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	claim, class := options.PVC, options.StorageClass
	local := *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	if claim.Spec.Selector != nil {
		return nil, controller.ProvisioningFinished, errors.New("claim.Spec.Selector is not supported")
	}
	if local && slices.ContainsFunc(claim.Spec.AccessModes, fromSeveralNodes) {
		return nil, controller.ProvisioningFinished, fmt.Errorf("the access modes %v need a volume that is not local to a "+
			"node; only ReadWriteOnce and ReadWriteOncePod are supported by the StorageClass %s",
			claim.Spec.AccessModes, class.Name)
	}
	kind := corev1.HostPathDirectoryOrCreate
	directory := fmt.Sprintf("%s_%s_%s", options.PVName, claim.Namespace, claim.Name)
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    claim.Spec.VolumeMode,
			MountOptions:                  class.MountOptions,
			Capacity: corev1.ResourceList{
				corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage],
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: path.Join(volumeDirectory, directory), Type: &kind},
			},
		},
	}
	if local {
		volume.Spec.NodeAffinity = onNode(options.SelectedNodeName)
	}
	return volume, controller.ProvisioningFinished, nil
}

// Delete does nothing, because a volume has no files. The library then deletes the object.
func (provisioner) Delete(context.Context, *corev1.PersistentVolume) error { return nil }

func fromSeveralNodes(mode corev1.PersistentVolumeAccessMode) bool {
	return mode == corev1.ReadWriteMany || mode == corev1.ReadOnlyMany
}

// onNode returns the affinity of a volume that only one node can mount.
func onNode(name string) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{
				Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{name},
			}},
		}},
	}}
}

// expand grows the volume of a bound claim to the size that the claim requests, as the resizer of a storage driver and
// the kubelet would. The API server has admitted the new size only if the StorageClass allows expansion.
func expand(ctx context.Context, clientset kubernetes.Interface, claim *corev1.PersistentVolumeClaim) error {
	requested, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
	if claim.Status.Phase != corev1.ClaimBound || requested.Cmp(has) <= 0 {
		return nil
	}
	volume, err := clientset.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if volume.Annotations["pv.kubernetes.io/provisioned-by"] != provisionerName {
		return nil
	}
	grown := volume.DeepCopy()
	grown.Spec.Capacity[corev1.ResourceStorage] = requested
	if !equality.Semantic.DeepEqual(volume, grown) {
		if _, err := clientset.CoreV1().PersistentVolumes().Update(ctx, grown, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	resized := claim.DeepCopy()
	resized.Status.Capacity[corev1.ResourceStorage] = requested
	_, err = clientset.CoreV1().PersistentVolumeClaims(claim.Namespace).UpdateStatus(ctx, resized, metav1.UpdateOptions{})
	return err
}
