package verdict

import (
	"bytes"
	"context"
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
)

// install returns the live object of a manifest that was installed.
func (k *kind) install(namespace string, manifest []byte) (runtime.Object, error) {
	object, _, err := k.decode(manifest)
	if err != nil {
		return nil, err
	}
	live, err := k.create(context.Background(), namespace, object)
	if err != nil {
		return nil, err
	}
	switch object := live.(type) {
	case *core.PersistentVolumeClaim:
		bind(object)
	case *apiextensions.CustomResourceDefinition: // a definition that is served may change less
		established := apiextensions.CustomResourceDefinitionCondition{
			Type: apiextensions.Established, Status: apiextensions.ConditionTrue,
		}
		apiextensions.SetCRDCondition(object, established)
	}
	return live, nil
}

// bind makes a claim a bound one, which may change less than a pending one. A claim that names no storage class has the
// default one of its cluster.
func bind(claim *core.PersistentVolumeClaim) {
	claim.Spec.VolumeName, claim.Status.Phase = "volume", core.ClaimBound
	claim.Status.Capacity = claim.Spec.Resources.Requests
	if claim.Spec.StorageClassName == nil {
		claim.Spec.StorageClassName = new("default")
	}
}

// upgrade updates a live object as Helm 3 does.
func (k *kind) upgrade(ctx context.Context, live runtime.Object, item Item) error {
	before, err := runtime.Encode(legacyscheme.Codecs.LegacyCodec(k.GroupVersion()), live)
	if err != nil {
		return err
	}
	after, err := k.merge(before, item)
	if err != nil || bytes.Equal(after, before) {
		return err
	}
	object, _, err := k.decode(after)
	if err != nil {
		return err
	}
	metadata, err := meta.Accessor(live)
	if err != nil {
		return err
	}
	k.memory.object = live
	defer func() { k.memory.object = nil }()
	ctx = k.context(ctx, "update", metadata.GetNamespace(), metadata.GetName())
	_, _, err = k.storage.Update(ctx, metadata.GetName(), rest.DefaultUpdatedObjectInfo(object),
		rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{})
	return err
}

// merge applies the patch to a live object that Helm 3 makes of two manifests: a strategic merge patch that changes
// what the new manifest says, and removes what only the previous one said.
func (k *kind) merge(live []byte, item Item) ([]byte, error) {
	versioned, err := legacyscheme.Scheme.New(k.GroupVersionKind)
	if err != nil {
		return nil, err
	}
	types, err := strategicpatch.NewPatchMetaFromStruct(versioned)
	if err != nil {
		return nil, err
	}
	const overwrite = true
	patch, err := strategicpatch.CreateThreeWayMergePatch(item.Previous, item.Object, live, types, overwrite)
	if err != nil {
		return nil, fmt.Errorf("create the patch of the upgrade: %w", err)
	}
	if string(patch) == "{}" {
		return live, nil
	}
	return strategicpatch.StrategicMergePatchUsingLookupPatchMeta(live, patch, types)
}
