package helm

import (
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/kube"
	kubefake "helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// patientKube records the timeout of the last wait.
type patientKube struct {
	kubefake.PrintingKubeClient
	timeout time.Duration
}

func (p *patientKube) Wait(_ kube.ResourceList, timeout time.Duration) error {
	p.timeout = timeout
	return nil
}

func TestOptionsBoundTheDefaultTimeout(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limit time.Duration
		flags string
		want  time.Duration
	}{
		"Helm's default":  {0, "", 5 * time.Minute},
		"the client's":    {time.Minute, "", time.Minute},
		"a typed timeout": {time.Minute, " --timeout 10m", 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := &patientKube{
				PrintingKubeClient: kubefake.PrintingKubeClient{Out: io.Discard, LogOutput: io.Discard},
			}
			client := inMemory(filepath.Join(folderWithChart(t), "charts"))
			client.timeout = test.limit
			client.configure = func(_ context.Context, e *execution) error {
				*e.config = action.Configuration{
					Releases:     storage.Init(driver.NewMemory()),
					KubeClient:   cluster,
					Capabilities: chartutil.DefaultCapabilities,
					Log:          e.logf,
				}
				return nil
			}
			run(t, client, "install web ./web --wait"+test.flags)
			assert.Equal(t, test.want, cluster.timeout)
		})
	}
}
