package rollout

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
)

// trouble is something that keeps a workload from being as wanted. The package comment says which trouble ends a wait, and when.
type trouble struct {
	// says what it is and where.
	says string
	// like is what it says but for the name of the pod: it is the same for all pods of which the same is true.
	like string
	// about tells it from other troubles, from one look at the cluster to the next.
	about string
	// patience is how long it has to last, without a break, until it ends the wait or its proof is asked for.
	patience time.Duration
	// proof says why it will not pass, after it has lasted so long, or returns nil if it may. Where there is no proof, that it lasted is enough.
	proof func(ctx context.Context, client kubernetes.Interface, lasted time.Duration) error
}

// mayPass is the patience with a trouble that ends no wait.
const mayPass = time.Duration(math.MaxInt64)

// proofEvery is how long a proof that failed is not asked for again.
const proofEvery = 2 * time.Second

// unfinished is the answer "not yet", with the troubles that are seen.
type unfinished struct {
	error
	troubles []trouble
}

func (u unfinished) Unwrap() error { return u.error }

func (u unfinished) Error() string { return u.because(u.error, "").Error() }

// because is cause, followed by what else is the matter, in a line each; troubles that are like the one that is the cause, or like one another, are
// not told again.
func (u unfinished) because(cause error, like string) error {
	const most = 3 // who wants to know all of them asks for Error.Detail
	said := map[string]bool{like: true}
	var lines []string
	for _, t := range u.troubles {
		if t.says != "" && !said[t.like] {
			said[t.like] = true
			lines = append(lines, t.says)
		}
	}
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most-1], fmt.Sprintf("and %d more like these", more+1))
	}
	if len(lines) == 0 {
		return cause
	}
	return fmt.Errorf("%w\n    %s", cause, strings.Join(lines, "\n    "))
}

// memory knows since when each trouble has been there.
type memory map[string]remembered

type remembered struct{ since, next time.Time }

// weigh returns why one of the troubles will not pass, and what that one is like. If none is certain, it returns after how long
// to look again although nothing changed.
func (m *memory) weigh(ctx context.Context, client kubernetes.Interface, troubles []trouble) (like string, again time.Duration, proven error) {
	now := time.Now()
	current := memory{}
	wait := mayPass
	for _, t := range troubles {
		if t.patience == mayPass {
			continue
		}
		known, ok := (*m)[t.about]
		if !ok {
			known = remembered{since: now, next: now.Add(t.patience)}
		}
		if !now.Before(known.next) {
			if proven = t.proven(ctx, client, now.Sub(known.since)); proven != nil {
				return t.like, 0, proven
			}
			known.next = time.Now().Add(proofEvery)
		}
		current[t.about] = known
		wait = min(wait, time.Until(known.next))
	}
	*m = current
	return "", wait, nil
}

func (t trouble) proven(ctx context.Context, client kubernetes.Interface, lasted time.Duration) error {
	if t.proof == nil {
		return errors.New(t.says)
	}
	return t.proof(ctx, client, lasted)
}
