package kubeschema

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every line of the store can be read, and every type that a field names exists.
func TestStoreIsComplete(t *testing.T) {
	t.Parallel()
	s, err := readStore(compressed)
	require.NoError(t, err)
	require.NotEmpty(t, s.kinds)
	all := versionSet(1<<len(s.minors) - 1)
	for k, known := range s.kinds {
		assert.NotZero(t, known.versions&all, k)
	}
	var check func(name string, of *fieldType)
	check = func(name string, of *fieldType) {
		switch of.form {
		case structure:
			require.NotNil(t, of.object, name)
		case list, mapping:
			check(name, of.items)
		case enum:
			assert.NotEmpty(t, of.values, name)
		}
	}
	for name, o := range s.objects {
		o.load()
		assert.NotEmpty(t, o.fields, name)
		for field, forms := range o.fields {
			var seen versionSet
			for _, f := range forms {
				assert.Zero(t, seen&f.versions, "%s.%s has two forms in one version", name, field)
				seen |= f.versions
				check(name+"."+field, f.typ)
			}
		}
	}
	assert.Less(t, len(compressed), 100<<10, "the store should be small")
}

func TestStoreRejectsUnknownLines(t *testing.T) {
	t.Parallel()
	_, err := readStore([]byte("x"))
	require.Error(t, err)
	for _, line := range []string{"", "odd", "kind a B c x", "kubernetes one", "life a B x -"} {
		require.Error(t, new(store).readLine(line), line)
	}
}

// BenchmarkReadStore measures the start-up cost of the first check in a process.
func BenchmarkReadStore(b *testing.B) {
	for b.Loop() {
		if _, err := readStore(compressed); err != nil {
			b.Fatal(err)
		}
	}
}
