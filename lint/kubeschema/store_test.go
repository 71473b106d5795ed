package kubeschema

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every line of the store can be read, and every type that is named is there.
func TestStoreIsWhole(t *testing.T) {
	t.Parallel()
	s, err := readStore(compressed)
	require.NoError(t, err)
	require.NotEmpty(t, s.kinds)
	all := mask(1<<len(s.minors) - 1)
	for k, served := range s.kinds {
		assert.NotZero(t, served.versions&all, k)
	}
	var check func(name string, of *typ)
	check = func(name string, of *typ) {
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
			var seen mask
			for _, f := range forms {
				assert.Zero(t, seen&f.versions, "%s.%s has two forms in one version", name, field)
				seen |= f.versions
				check(name+"."+field, f.typ)
			}
		}
	}
	assert.Less(t, len(compressed), 100<<10, "the store is meant to be small")
}

func TestStoreRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	_, err := readStore([]byte("x"))
	require.Error(t, err)
	for _, line := range []string{"", "odd", "kind a B c x", "kubernetes one", "life a B x -"} {
		require.Error(t, new(store).readLine(line), line)
	}
}

// BenchmarkReadStore is what the first check of a process costs before it looks at anything.
func BenchmarkReadStore(b *testing.B) {
	for b.Loop() {
		if _, err := readStore(compressed); err != nil {
			b.Fatal(err)
		}
	}
}
