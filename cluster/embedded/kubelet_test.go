package embedded

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/keyutil"
	"sigs.k8s.io/yaml"
)

// TestKubelet tests what a client sees of the simulated kubelets. Which pods they refuse to start is in the table of
// TestVerdicts in the package steps.
func TestKubelet(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	c := New(Options{}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, c.Stop()) })
	client := clientOf(t, c.Config())

	t.Run("a pod goes through the states of a real one", func(t *testing.T) {
		s := newStorage(t, client, "states")
		assert.Equal(t, []string{
			"Pending: one running, side PodInitializing, two PodInitializing, c PodInitializing",
			"Pending: one Completed, side running, two running, c PodInitializing",
			"Running: one Completed, side running, two Completed, c running",
			"Succeeded: one Completed, side Completed, two Completed, c Completed",
		}, s.statesOf(corev1.PodSucceeded, map[string]string{"charts.traderadmin/exit-code": "0"}, `
			restartPolicy: Never
			initContainers:
			- {name: one, image: i}
			- {name: side, image: i, restartPolicy: Always}
			- {name: two, image: i}
			containers: [{name: c, image: i}]`))
	})

	t.Run("a pod fails with its exit code", func(t *testing.T) {
		s := newStorage(t, client, "failure")
		assert.Equal(t, []string{"Running: c running", "Failed: c Error"},
			s.statesOf(corev1.PodFailed, map[string]string{"charts.traderadmin/exit-code": "7"}, `
			restartPolicy: Never
			containers: [{name: c, image: i}]`))
		pod, err := client.CoreV1().Pods(s.namespace).Get(t.Context(), "p", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, int32(7), pod.Status.ContainerStatuses[0].State.Terminated.ExitCode)
	})

	t.Run("a container that is restarted backs off", func(t *testing.T) {
		s := newStorage(t, client, "crash")
		s.create(map[string]string{"charts.traderadmin/exit-code": "1"}, `containers: [{name: c, image: i}]`)
		status := s.awaitWaiting("CrashLoopBackOff")
		assert.Regexp(t, `^back-off 10s restarting failed container=c pod=p_crash\(.*\)$`, status.State.Waiting.Message)
		assert.Equal(t, int32(1), status.RestartCount)
		assert.Equal(t, int32(1), status.LastTerminationState.Terminated.ExitCode)
		assert.Contains(t, s.hasEvent("BackOff").Message, "Back-off restarting failed container c in pod p_crash(")
	})

	t.Run("a pod fails at its deadline", func(t *testing.T) {
		s := newStorage(t, client, "deadline")
		assert.Equal(t, []string{"Running: c running", "Failed: c Error"}, s.statesOf(corev1.PodFailed, nil, `
			activeDeadlineSeconds: 1
			containers: [{name: c, image: i}]`))
		pod, err := client.CoreV1().Pods(s.namespace).Get(t.Context(), "p", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, "DeadlineExceeded", pod.Status.Reason)
	})

	t.Run("an exit code that is none is refused", func(t *testing.T) {
		s := newStorage(t, client, "code")
		s.create(map[string]string{"charts.traderadmin/exit-code": "many"}, `containers: [{name: c, image: i}]`)
		assert.Equal(t, `the annotation charts.traderadmin/exit-code is "many", not an exit code from 0 to 255`,
			s.awaitWaiting("CreateContainerConfigError").State.Waiting.Message)
	})

	t.Run("the containers of a Job end", func(t *testing.T) {
		s := newStorage(t, client, "job")
		job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "j"}, Spec: batchv1.JobSpec{
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "c", Image: "i"}},
			}},
		}}
		_, err := client.BatchV1().Jobs(s.namespace).Create(t.Context(), job, metav1.CreateOptions{})
		require.NoError(t, err)
		s.await("the Job", func(ctx context.Context) bool {
			found, err := client.BatchV1().Jobs(s.namespace).Get(ctx, "j", metav1.GetOptions{})
			return err == nil && found.Status.Succeeded == 1
		})
	})

	t.Run("a missing volume is told once, and the pod starts once it exists", func(t *testing.T) {
		s := newStorage(t, client, "volume")
		s.create(nil, `
			volumes: [{name: v, secret: {secretName: later}}]
			containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v}]}]`)
		event := s.hasEvent("FailedMount")
		assert.Equal(t, `MountVolume.SetUp failed for volume "v" : secret "later" not found`, event.Message)
		for _, name := range []string{"other", "later"} { // either makes the kubelet check again
			object := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}}
			_, err := client.CoreV1().Secrets(s.namespace).Create(t.Context(), object, metav1.CreateOptions{})
			require.NoError(t, err)
		}
		s.awaitPod("p")
		assert.Equal(t, int32(1), s.hasEvent("FailedMount").Count)
	})

	t.Run("logs and exec fail with the reason", func(t *testing.T) {
		const reason = "the node of this pod is simulated and runs no container: there are no logs"
		s := newStorage(t, client, "inside")
		s.create(nil, `containers: [{name: c, image: i}]`)
		s.awaitPod("p")
		_, err := client.CoreV1().Pods(s.namespace).GetLogs("p", &corev1.PodLogOptions{}).Stream(t.Context())
		assert.ErrorContains(t, err, reason)
		request := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(s.namespace).Name("p").
			SubResource("exec").VersionedParams(&corev1.PodExecOptions{Command: []string{"ls"}, Stdout: true},
			scheme.ParameterCodec)
		for name, newExecutor := range map[string]func() (remotecommand.Executor, error){
			"SPDY": func() (remotecommand.Executor, error) {
				return remotecommand.NewSPDYExecutor(c.Config(), "POST", request.URL())
			},
			"WebSocket": func() (remotecommand.Executor, error) {
				return remotecommand.NewWebSocketExecutor(c.Config(), "GET", request.URL().String())
			},
		} {
			executor, err := newExecutor()
			require.NoError(t, err)
			err = executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: io.Discard})
			assert.ErrorContains(t, err, reason, name)
		}
	})
}

// TestIdentities tests that the cluster issues certificates and tokens, as kubeadm sets it up.
func TestIdentities(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	c := New(Options{}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, c.Stop()) })
	client := clientOf(t, c.Config())
	whoAmI := func(t *testing.T, change func(*rest.Config)) string {
		config := c.Config()
		config.BearerToken = ""
		change(config)
		review, err := clientOf(t, config).AuthenticationV1().SelfSubjectReviews().
			Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		require.NoError(t, err)
		return review.Status.UserInfo.Username
	}

	t.Run("a token of a service account", func(t *testing.T) {
		token, err := client.CoreV1().ServiceAccounts("default").
			CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		require.NoError(t, err)
		assert.Equal(t, "system:serviceaccount:default:default",
			whoAmI(t, func(config *rest.Config) { config.BearerToken = token.Status.Token }))
	})

	t.Run("a certificate that is approved", func(t *testing.T) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
		require.NoError(t, err)
		der, err := x509.CreateCertificateRequest(rand.Reader,
			&x509.CertificateRequest{Subject: pkix.Name{CommonName: "jane"}}, key)
		require.NoError(t, err)
		requests := client.CertificatesV1().CertificateSigningRequests()
		request, err := requests.Create(t.Context(), &certificatesv1.CertificateSigningRequest{
			ObjectMeta: metav1.ObjectMeta{Name: "jane"},
			Spec: certificatesv1.CertificateSigningRequestSpec{
				Request:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
				SignerName: certificatesv1.KubeAPIServerClientSignerName,
				Usages:     []certificatesv1.KeyUsage{certificatesv1.UsageClientAuth},
			},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
		request.Status.Conditions = []certificatesv1.CertificateSigningRequestCondition{
			{Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue, Reason: "Test"},
		}
		_, err = requests.UpdateApproval(t.Context(), "jane", request, metav1.UpdateOptions{})
		require.NoError(t, err)
		storage{t, client, ""}.await("the certificate", func(ctx context.Context) bool {
			request, err = requests.Get(ctx, "jane", metav1.GetOptions{})
			return err == nil && len(request.Status.Certificate) > 0
		})
		assert.Equal(t, "jane", whoAmI(t, func(config *rest.Config) {
			config.CertData, config.KeyData = request.Status.Certificate, keyPEM
		}))
	})
}

// create creates the pod p.
func (s storage) create(annotations map[string]string, spec string) {
	s.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Annotations: annotations}}
	require.NoError(s, yaml.Unmarshal([]byte(strings.ReplaceAll(spec, "\t", "")), &pod.Spec))
	_, err := s.client.CoreV1().Pods(s.namespace).Create(s.Context(), pod, metav1.CreateOptions{})
	require.NoError(s, err)
}

// statesOf creates the pod p, and returns what a watch shows of it until it is in a phase.
func (s storage) statesOf(last corev1.PodPhase, annotations map[string]string, spec string) []string {
	s.Helper()
	watched, err := s.client.CoreV1().Pods(s.namespace).Watch(s.Context(), metav1.ListOptions{})
	require.NoError(s, err)
	defer watched.Stop()
	s.create(annotations, spec)
	var states []string
	for event := range watched.ResultChan() {
		pod, ok := event.Object.(*corev1.Pod)
		if !ok || event.Type == watch.Bookmark || len(pod.Status.ContainerStatuses) == 0 {
			continue
		}
		states = append(states, describe(pod))
		if pod.Status.Phase == last {
			break
		}
	}
	return slices.Compact(states)
}

func describe(pod *corev1.Pod) string {
	var containers []string
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		state := "running"
		if waits := status.State.Waiting; waits != nil {
			state = waits.Reason
		} else if ended := status.State.Terminated; ended != nil {
			state = ended.Reason
		}
		containers = append(containers, status.Name+" "+state)
	}
	return fmt.Sprintf("%s: %s", pod.Status.Phase, strings.Join(containers, ", "))
}

// awaitWaiting waits until the container of the pod p waits for a reason.
func (s storage) awaitWaiting(reason string) (status corev1.ContainerStatus) {
	s.Helper()
	s.await("a container in the state "+reason, func(ctx context.Context) bool {
		pod, err := s.client.CoreV1().Pods(s.namespace).Get(ctx, "p", metav1.GetOptions{})
		if err != nil || len(pod.Status.ContainerStatuses) == 0 {
			return false
		}
		status = pod.Status.ContainerStatuses[0]
		return status.State.Waiting != nil && status.State.Waiting.Reason == reason
	})
	return status
}
