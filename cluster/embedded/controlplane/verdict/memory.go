package verdict

import (
	"context"
	"errors"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/storage"
)

// memory is the storage of one kind. It holds the object that is being updated, whatever its name, and is empty
// otherwise. It forgets what is written.
type memory struct {
	object runtime.Object // nil if there is none
}

var _ storage.Interface = &memory{}

// errUnsupported is the error of operations that no verdict needs.
var errUnsupported = errors.New("storage that forgets cannot do this")

// Versioner implements storage.Interface.
func (*memory) Versioner() storage.Versioner { return storage.APIObjectVersioner{} }

// Get implements storage.Interface.
func (m *memory) Get(_ context.Context, key string, options storage.GetOptions, into runtime.Object) error {
	if m.object == nil {
		if options.IgnoreNotFound {
			return runtime.SetZeroValue(into)
		}
		return storage.NewKeyNotFoundError(key, 0)
	}
	set(into, m.object.DeepCopyObject())
	return nil
}

// set sets what one pointer points to to what another pointer points to.
func set(into, object runtime.Object) {
	reflect.ValueOf(into).Elem().Set(reflect.ValueOf(object).Elem())
}

// GetList implements storage.Interface. Verdicts do not depend on other objects.
func (*memory) GetList(context.Context, string, storage.ListOptions, runtime.Object) error {
	return nil
}

// Create implements storage.Interface.
func (m *memory) Create(_ context.Context, _ string, object, stored runtime.Object, _ uint64) error {
	set(stored, object)
	return m.Versioner().UpdateObject(stored, 1)
}

// Delete implements storage.Interface.
func (*memory) Delete(
	context.Context, string, runtime.Object, *storage.Preconditions, storage.ValidateObjectFunc, runtime.Object,
	storage.DeleteOptions,
) error {
	return errUnsupported
}

// GuaranteedUpdate implements storage.Interface.
func (m *memory) GuaranteedUpdate(
	ctx context.Context, key string, stored runtime.Object, ignoreNotFound bool, preconditions *storage.Preconditions,
	update storage.UpdateFunc, _ runtime.Object,
) error {
	current := reflect.New(reflect.TypeOf(stored).Elem()).Interface().(runtime.Object)
	if err := m.Get(ctx, key, storage.GetOptions{IgnoreNotFound: ignoreNotFound}, current); err != nil {
		return err
	}
	if err := preconditions.Check(key, current); err != nil {
		return err
	}
	version, err := m.Versioner().ObjectResourceVersion(current)
	if err != nil {
		return err
	}
	updated, _, err := update(current, storage.ResponseMeta{ResourceVersion: version})
	if err == nil {
		set(stored, updated)
	}
	return err
}

// Watch implements storage.Interface.
func (*memory) Watch(context.Context, string, storage.ListOptions) (watch.Interface, error) {
	return nil, errUnsupported
}

// Stats implements storage.Interface.
func (*memory) Stats(context.Context) (storage.Stats, error) { return storage.Stats{}, nil }

// ReadinessCheck implements storage.Interface.
func (*memory) ReadinessCheck() error { return nil }

// RequestWatchProgress implements storage.Interface.
func (*memory) RequestWatchProgress(context.Context) error { return errUnsupported }

// GetCurrentResourceVersion implements storage.Interface.
func (*memory) GetCurrentResourceVersion(context.Context) (uint64, error) { return 1, nil }

// EnableResourceSizeEstimation implements storage.Interface.
func (*memory) EnableResourceSizeEstimation(storage.KeysFunc) error { return nil }

// CompactRevision implements storage.Interface.
func (*memory) CompactRevision() int64 { return 0 }
