// Package schema works with JSON Schemas of draft 4 to 2020-12.
//
// [Compile] and [Schema.Validate] validate a value and describe each violation in plain words. [Parse] reads a schema
// as it is written, with lines and columns: a [Document] answers which schemas describe a key, and which objects accept
// keys that they do not describe.
package schema
