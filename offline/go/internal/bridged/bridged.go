// Package bridged holds what the bridged plugins have in common.
package bridged

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/contract"
)

// MinimalSchema returns a package schema that names only the package and its
// version. Programs use the published SDKs, so nobody asks a plugin built here
// for the types of its resources.
func MinimalSchema(name, version string) []byte {
	schema, err := json.Marshal(map[string]string{"name": name, "version": version})
	contract.AssertNoErrorf(err, "two strings always become JSON")
	return schema
}
