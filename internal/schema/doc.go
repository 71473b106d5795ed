// Package schema validates values against a JSON Schema, and describes violations in plain words.
package schema
