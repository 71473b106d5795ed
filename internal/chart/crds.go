package chart

// CRDFiles are the contents of the YAML files in the crds/ folders of the chart and its subcharts, which Helm installs as
// they are, before the templates.
func (c *Chart) CRDFiles() [][]byte {
	var files [][]byte
	for _, crd := range c.helm.CRDObjects() {
		files = append(files, crd.File.Data)
	}
	return files
}
