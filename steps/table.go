package steps

import "github.com/cucumber/godog"

// record is a row of a table, by the names of its columns.
type record map[string]string

// records returns the rows of a table below its header. The table has been checked before the scenario.
func records(table *godog.Table) []record {
	header := table.Rows[0].Cells
	all := make([]record, 0, len(table.Rows)-1)
	for _, row := range table.Rows[1:] {
		values := record{}
		for i, cell := range row.Cells {
			values[header[i].Value] = cell.Value
		}
		all = append(all, values)
	}
	return all
}
