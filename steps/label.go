package steps

import "github.com/traderadmin/charts/steps/internal/ownership"

// RunLabel is the label of everything that a run creates on a cluster. Its value is the ID of the run.
const RunLabel = ownership.Label
