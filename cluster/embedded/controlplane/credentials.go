package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// lifetime of a certificate: longer than any test run, short enough to be worth nothing to who finds one.
const lifetime = 7 * 24 * time.Hour

// authority signs the certificates of one control plane. Its key never leaves this process.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority() (*authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	a := &authority{key: key}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "controlplane"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a.cert, err = a.sign(template, template, key.Public())
	return a, err
}

// sign completes template with what every certificate here has, and signs it in the name of issuer.
func (a *authority) sign(template, issuer *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template.SerialNumber = serial
	template.NotBefore = now.Add(-time.Hour) // clocks may differ a little between a container and its host
	template.NotAfter = now.Add(lifetime)
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// issue makes a key and a certificate for it, both PEM encoded.
func (a *authority) issue(template *x509.Certificate) (cert, key []byte, err error) {
	signer, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	signed, err := a.sign(template, a.cert, signer.Public())
	if err != nil {
		return nil, nil, err
	}
	key, err = keyPEM(signer)
	return certPEM(signed), key, err
}

// writeCredentials fills f with the certificates, keys, tokens and kubeconfigs of a control plane whose API server is at server.
func writeCredentials(f folder, server string) error {
	ca, err := newAuthority()
	if err != nil {
		return fmt.Errorf("make a certificate authority: %w", err)
	}
	serverCert, serverKey, err := ca.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: kubeAPIServer},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
	})
	if err != nil {
		return fmt.Errorf("make the API server's certificate: %w", err)
	}
	serviceAccounts, err := newKey()
	if err != nil {
		return fmt.Errorf("make the service account key: %w", err)
	}
	serviceAccountKey, err := keyPEM(serviceAccounts)
	if err != nil {
		return err
	}
	for path, content := range map[string][]byte{
		f.caCert():            certPEM(ca.cert),
		f.serverCert():        serverCert,
		f.serverKey():         serverKey,
		f.serviceAccountKey(): serviceAccountKey,
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	var tokens strings.Builder
	for _, user := range []string{admin, kubeControllerManager, kubeScheduler, nodes} {
		token := rand.Text()
		// system:masters, for the components too: as system:kube-scheduler and its kin they would be refused until the API server has written its
		// default roles, and start later for it.
		fmt.Fprintf(&tokens, "%s,%s,%s,system:masters\n", token, user, user)
		if err := writeKubeconfig(f, ca, server, user, token); err != nil {
			return fmt.Errorf("make the kubeconfig of %s: %w", user, err)
		}
	}
	return os.WriteFile(f.tokens(), []byte(tokens.String()), 0o600)
}

// writeKubeconfig has user show a token to the API server, which only looks it up: to verify a certificate anew for every request took a thirteenth of
// its time.
func writeKubeconfig(f folder, ca *authority, server, user, token string) error {
	config := api.NewConfig()
	config.Clusters["embedded"] = &api.Cluster{Server: server, CertificateAuthorityData: certPEM(ca.cert)}
	config.AuthInfos[user] = &api.AuthInfo{Token: token}
	config.Contexts["embedded"] = &api.Context{Cluster: "embedded", AuthInfo: user}
	config.CurrentContext = "embedded"
	return clientcmd.WriteToFile(*config, f.kubeconfig(user))
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func certPEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), err
}
