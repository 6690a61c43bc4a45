package records

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"pgai.watch/preview/offline/internal/cloudflare/api"
)

// DNSRecord is the resource.
type DNSRecord struct{}

// Annotate gives the resource its official name.
func (r *DNSRecord) Annotate(a infer.Annotator) {
	a.SetToken("index/dnsRecord", "DnsRecord")
}

// Check refuses what the API or this stand-in would refuse later.
func (*DNSRecord) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[Inputs], error) {
	inputs, failures, err := infer.DefaultCheck[Inputs](ctx, req.NewInputs)
	fail := func(property, reason string) {
		failures = append(failures, provider.CheckFailure{Property: property, Reason: reason})
	}
	given := func(property string) bool {
		value, ok := req.NewInputs.GetOk(property)
		return ok && !value.IsComputed()
	}
	if given("proxied") && given("ttl") && valueOr(inputs.Proxied, false) && inputs.TTL != 1 {
		fail("ttl", "ttl must be set to 1 when `proxied` is true: Cloudflare sets the time itself")
	}
	if len(inputs.Data) > 0 {
		fail("data", "this stand-in of the Cloudflare plugin does not support data: give content, or install the official plugin")
	} else if _, ok := req.NewInputs.GetOk("content"); !ok {
		fail("content", "content is missing: the value of the record, such as an IPv4 address")
	}
	return infer.CheckResponse[Inputs]{Inputs: inputs, Failures: failures}, err
}

// Create makes the record.
func (*DNSRecord) Create(ctx context.Context, req infer.CreateRequest[Inputs]) (infer.CreateResponse[Outputs], error) {
	if req.DryRun {
		return infer.CreateResponse[Outputs]{Output: Outputs{Inputs: req.Inputs}}, nil
	}
	record, err := client(ctx).Create(ctx, req.Inputs.ZoneID, wanted(req.Inputs))
	if err != nil {
		return infer.CreateResponse[Outputs]{}, err
	}
	return infer.CreateResponse[Outputs]{ID: record.ID, Output: outputs(req.Inputs, record)}, nil
}

// Update changes the record in place.
func (*DNSRecord) Update(
	ctx context.Context, req infer.UpdateRequest[Inputs, Outputs],
) (infer.UpdateResponse[Outputs], error) {
	if req.DryRun {
		state := req.State
		state.Inputs = req.Inputs
		return infer.UpdateResponse[Outputs]{Output: state}, nil
	}
	record, err := client(ctx).Update(ctx, req.Inputs.ZoneID, req.ID, wanted(req.Inputs))
	if err != nil {
		return infer.UpdateResponse[Outputs]{Output: req.State}, err
	}
	return infer.UpdateResponse[Outputs]{Output: outputs(req.Inputs, record)}, nil
}

// Read gets the record, for a refresh or for an import as ZONE/RECORD. A record
// that does not exist leaves the state.
func (*DNSRecord) Read(
	ctx context.Context, req infer.ReadRequest[Inputs, Outputs],
) (infer.ReadResponse[Inputs, Outputs], error) {
	zone, id := req.State.ZoneID, req.ID
	importing := zone == ""
	if importing {
		var found bool
		if zone, id, found = strings.Cut(req.ID, "/"); !found || zone == "" || id == "" {
			return infer.ReadResponse[Inputs, Outputs]{}, errors.New("a DNS record is imported as '<zone_id>/<dns_record_id>'")
		}
	}
	record, err := client(ctx).Read(ctx, zone, id, firstOf(req.State.Name, id))
	if api.IsGone(err) && !importing {
		return infer.ReadResponse[Inputs, Outputs]{}, nil
	}
	if err != nil {
		return infer.ReadResponse[Inputs, Outputs]{}, err
	}
	now := current(req.Inputs, zone, record)
	return infer.ReadResponse[Inputs, Outputs]{ID: record.ID, Inputs: now, State: outputs(now, record)}, nil
}

// Delete deletes the record.
func (*DNSRecord) Delete(ctx context.Context, req infer.DeleteRequest[Outputs]) (infer.DeleteResponse, error) {
	return infer.DeleteResponse{}, client(ctx).Delete(ctx, req.State.ZoneID, req.ID, req.State.Name)
}

func firstOf(name, id string) string {
	if name != "" {
		return name
	}
	return fmt.Sprintf("with the ID %s", id)
}
