// Command controlplane is a Kubernetes control plane with simulated nodes in one binary, for tests.
//
//	controlplane serve [-nodes N] [-node-cpu Q] [-node-memory Q] [-node-pods N] [-emulated-version V]
//
// starts etcd, the API server, the controller manager, the scheduler, and KWOK. Each is a process of its own that runs
// this binary (controlplane COMPONENT FLAGS…). The API server listens on a free loopback port with new credentials.
// All files are in a private temporary directory.
//
// The process of KWOK stands for everything outside a control plane: its controllers keep the nodes Ready and delete
// pods, and further ones do what kubelets do for pods, provide volumes, and give load balancers their addresses.
//
//	controlplane validate
//
// is the API server's validation alone. It answers requests on standard input with verdicts on manifests; the package
// verdict documents both.
//
// Standard output of serve is for the parent program: one JSON object per line, an Event. When standard input is
// closed, because the parent closed it or has ended for any reason, serve kills every component and removes the
// directory. The components watch their supervisor in the same way, so that nothing outlives a SIGKILL of either.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: controlplane serve [flags], or controlplane validate; see -h of serve")
		os.Exit(2)
	}
	role, args := os.Args[1], os.Args[2:]
	if role != "serve" && role != "validate" { // these read standard input themselves
		go exitWithParent()
	}
	switch role {
	case "validate":
		os.Exit(validate(os.Stdin, os.Stdout, os.Stderr))
	case "serve":
		os.Exit(serve(args, os.Stdin, os.Stdout, os.Stderr))
	case etcd:
		etcdmain.Main(append([]string{etcd}, args...))
	case kubeAPIServer:
		os.Exit(run(apiserver.NewAPIServerCommand(), args))
	case kubeControllerManager:
		command := controllermanager.NewControllerManagerCommand()
		command.PreRunE = awaitAPIServer
		os.Exit(run(command, args))
	case kubeScheduler:
		os.Exit(run(scheduler.NewSchedulerCommand(), args))
	case kwok:
		os.Exit(runKWOK(args))
	default:
		fmt.Fprintf(os.Stderr, "controlplane: unknown component %q\n", role)
		os.Exit(2)
	}
}

func run(command *cobra.Command, args []string) int {
	command.SetArgs(args)
	return cli.Run(command)
}

// exitWithParent ends this process when the supervisor closes its end of standard input, or has ended.
func exitWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(1)
}
