// Package helm runs Helm command lines against a cluster.
//
// # Design
//
// Helm is the interface: one command line in, one Result out. Everything in it is of this package or of the standard
// library, so that another version of Helm, or a helm binary, can stand behind it. Client is the implementation that
// runs Helm 3's SDK inside the process. A command line takes milliseconds there, because it starts no process and reads
// what the cluster serves only once. It also lets the caller see each object before it is sent (Prepare), and end a
// wait that cannot succeed.
//
// The SDK has no commands, only actions. The commands are defined here, one file each, with cobra as in the helm
// binary: the same names, flags, short forms, defaults, output and errors. ParseCommandLine reads a command line with
// the same definitions, without running it.
//
// A Client changes nothing of the process: neither the working directory, nor the environment, nor the standard
// streams. It ignores HELM_* variables, repositories, plugins and the kubeconfig file of the user. Command lines can
// therefore run side by side, and print the same on every machine.
//
// # Differences from the helm binary
//
//   - A wait (--wait, a hook, a test) ends as soon as it cannot succeed, by the rules of package rollout, and its error
//     says why. The command then goes on as it does after a timeout.
//   - Only commands that test a chart or a release are there. Charts are folders and archives: none is downloaded from
//     a repository or a registry, so that a chart's dependencies have to be in its charts folder. There are no
//     signatures, no post-renderers, and no --output-dir.
//   - Flags that choose the cluster, or how to talk to it, are refused.
//   - A wrong command line is answered on one line, with the nearest command or flag.
//   - Some log lines of the SDK go to the log of the process, and not into the result.
//   - CRDs that exist already are waited for, because a command beside this one may have created them just now.
//
// TestTheBinaryAgrees and its siblings run the same command lines through the helm binary of the version in go.mod.
// They guarantee that everything else is equal: the flags with their short forms, types and defaults; whether a command
// line fails; what it prints; and the objects that it leaves in the cluster, with their field managers and the stored
// releases. Each command line that prints something else is listed there with the reason.
package helm
