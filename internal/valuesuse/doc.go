// Package valuesuse finds which values the templates of a chart read, by abstract interpretation.
package valuesuse
