package chart

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// JSON returns the value with the types of JSON: map[string]any, []any, string, bool, int64, float64 and nil.
func (n Node) JSON() (any, error) {
	var value any
	if err := n.Decode(&value); err != nil {
		return nil, err
	}
	return ToJSON(value), nil
}

// ParseJSON parses the documents of a YAML text that are not empty, with the types of JSON.
func ParseJSON(text string) ([]any, error) {
	var documents []any
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var value any
		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return nil, err
		case value != nil:
			documents = append(documents, ToJSON(value))
		}
	}
}

// ToJSON converts a value from the YAML decoder to the types of JSON.
func ToJSON(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			v[key] = ToJSON(below)
		}
	case map[any]any:
		converted := make(map[string]any, len(v))
		for key, below := range v {
			converted[fmt.Sprint(key)] = ToJSON(below)
		}
		return converted
	case []any:
		for i, below := range v {
			v[i] = ToJSON(below)
		}
	case int:
		return int64(v)
	case uint64:
		return float64(v)
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.RFC3339Nano)
	}
	return value
}
