// Package helm runs Helm command lines against a cluster.
//
// # Design
//
// Helm is the interface: one command line in, one Result out. It exposes no type of Helm's SDK, so that another version
// of Helm, or a helm binary, can implement it. Client is the implementation with Helm 3's SDK in process. A command
// line takes milliseconds, because it starts no process and shares discovery documents with those before it. A Client
// also shows each object to the caller before it is sent (Prepare), and ends waits that cannot succeed.
//
// The SDK has no commands, only actions. The commands are defined here, one file each, with cobra as in the helm
// binary: the same names, flags, short forms, defaults, output and errors. ParseCommandLine reads a command line with
// the same definitions, without running it.
//
// A Client does not change the working directory, the environment or the standard streams of the process. It ignores
// HELM_* variables, repositories, plugins and the kubeconfig file of the user. Command lines can therefore run side by
// side, and print the same on every machine.
//
// # Recording
//
// A Client can record the command lines of a caller (Recording): everything except the chart that their output depends
// on. A Replayer renders them again with another copy of the chart, in milliseconds and without a cluster. The same
// commands run, with releases in memory and a Kubernetes client that does nothing. What only the cluster decides is not
// replayed: whether it accepts the objects, and whether they become ready. A replayed `lookup` finds what the recorded
// one found, and nothing else.
//
// # Differences from the helm binary
//
//   - A wait (--wait, a hook, a test) ends as soon as it cannot succeed, by the rules of package rollout, and its error
//     says why. The command then continues as after a timeout.
//   - Only commands that are useful for testing a chart or a release exist. Charts are folders or archives: nothing is
//     downloaded from a repository or registry, so a chart's dependencies must be in its charts folder. Signatures,
//     post-renderers and --output-dir are not supported.
//   - Flags that select or configure the connection to the cluster are rejected.
//   - An invalid command line gets an error of one line, which suggests the nearest command or flag.
//   - Some log lines of the SDK go to the log of the process instead of the result.
//   - Install waits for CRDs that already exist, because a concurrent command may just have created them.
//
// TestTheBinaryAgrees and its siblings run the same command lines through the helm binary of the version in go.mod.
// They compare the flags with their short forms, types and defaults; the success and output of command lines; and the
// resulting objects in the cluster, with their field managers and the stored releases. Each command line with different
// output is listed there with the reason.
package helm
