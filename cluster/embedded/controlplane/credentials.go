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

// lifetime is the validity of the certificates. It is longer than any test run.
const lifetime = 7 * 24 * time.Hour

// authority is the certificate authority of a control plane.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
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

// sign sets the serial number and the validity of template and signs it as issuer.
func (a *authority) sign(template, issuer *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template.SerialNumber = serial
	template.NotBefore = now.Add(-time.Hour) // the clocks of a container and its host may differ
	template.NotAfter = now.Add(lifetime)
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// issue creates a key and a certificate for it, both PEM encoded.
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

// writeCredentials writes the certificates, keys, tokens and kubeconfigs into d. server is the URL of the API server.
func writeCredentials(d dir, server string) error {
	ca, err := newAuthority()
	if err != nil {
		return fmt.Errorf("create a certificate authority: %w", err)
	}
	serverCert, serverKey, err := ca.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: kubeAPIServer},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local",
		},
	})
	if err != nil {
		return fmt.Errorf("create the certificate of the API server: %w", err)
	}
	caKey, err := keyPEM(ca.key)
	if err != nil {
		return err
	}
	serviceAccounts, err := newKey()
	if err != nil {
		return fmt.Errorf("create the service account key: %w", err)
	}
	serviceAccountKey, err := keyPEM(serviceAccounts)
	if err != nil {
		return err
	}
	for path, content := range map[string][]byte{
		d.caCert():            certPEM(ca.cert),
		d.caKey():             caKey,
		d.serverCert():        serverCert,
		d.serverKey():         serverKey,
		d.serviceAccountKey(): serviceAccountKey,
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	var tokens strings.Builder
	for _, user := range []string{admin, kubeControllerManager, kubeScheduler, kwok} {
		token := rand.Text()
		// The components are in system:masters too. As system:kube-scheduler and so on they would be rejected until the
		// API server has created its default roles, and start later.
		fmt.Fprintf(&tokens, "%s,%s,%s,system:masters\n", token, user, user)
		if err := writeKubeconfig(d, ca, server, user, token); err != nil {
			return fmt.Errorf("write the kubeconfig of %s: %w", user, err)
		}
	}
	return os.WriteFile(d.tokens(), []byte(tokens.String()), 0o600)
}

// writeKubeconfig authenticates a user by a token, which the API server only looks up. Verifying a client certificate
// for every request took a thirteenth of its CPU time.
func writeKubeconfig(d dir, ca *authority, server, user, token string) error {
	config := api.NewConfig()
	config.Clusters["embedded"] = &api.Cluster{Server: server, CertificateAuthorityData: certPEM(ca.cert)}
	config.AuthInfos[user] = &api.AuthInfo{Token: token}
	config.Contexts["embedded"] = &api.Context{Cluster: "embedded", AuthInfo: user}
	config.CurrentContext = "embedded"
	return clientcmd.WriteToFile(*config, d.kubeconfig(user))
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func certPEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), err
}
