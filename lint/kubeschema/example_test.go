package kubeschema_test

import (
	"fmt"
	"log"

	"github.com/traderadmin/charts/lint/kubeschema"
)

func ExampleVersion_API() {
	version, err := kubeschema.ParseVersion("1.37")
	if err != nil {
		log.Fatal(err)
	}
	api := version.API("extensions/v1beta1", "Ingress")
	fmt.Println(api.Status == kubeschema.Removed, api.Removed, api.Replacement)
	// Output: true 1.22 networking.k8s.io/v1 Ingress
}
