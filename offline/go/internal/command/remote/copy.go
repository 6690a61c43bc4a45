package remote

import (
	"context"

	"github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// CopyToRemote is the resource. Deleting it leaves the copy where it is, as the
// official one does.
type CopyToRemote struct{}

// CopyInputs are what a program declares. Names and meaning are the official
// ones.
type CopyInputs struct {
	Connection *Connection          `pulumi:"connection" provider:"secret"`
	Source     types.AssetOrArchive `pulumi:"source"`
	RemotePath string               `pulumi:"remotePath"`
	Triggers   []any                `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// CopyOutputs are the inputs.
type CopyOutputs struct {
	CopyInputs
}

func (inputs CopyInputs) hash() string {
	switch {
	case inputs.Source.Asset != nil:
		return inputs.Source.Asset.Hash
	case inputs.Source.Archive != nil:
		return inputs.Source.Archive.Hash
	}
	return ""
}

// Check refuses sources that the official plugin refuses.
func (*CopyToRemote) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[CopyInputs], error) {
	inputs, failures, err := infer.DefaultCheck[CopyInputs](ctx, req.NewInputs)
	asset, archive := inputs.Source.Asset, inputs.Source.Archive
	switch {
	case asset != nil && !asset.IsPath() && !asset.IsText():
		failures = append(failures, provider.CheckFailure{Property: "source", Reason: "an asset must be a FileAsset or a StringAsset"})
	case archive != nil && !archive.IsPath():
		failures = append(failures, provider.CheckFailure{Property: "source", Reason: "an archive must be a FileArchive"})
	}
	return infer.CheckResponse[CopyInputs]{Inputs: inputs, Failures: failures}, err
}

// Create copies.
func (*CopyToRemote) Create(
	ctx context.Context, req infer.CreateRequest[CopyInputs],
) (infer.CreateResponse[CopyOutputs], error) {
	response := infer.CreateResponse[CopyOutputs]{Output: CopyOutputs{req.Inputs}}
	if req.DryRun {
		return response, nil
	}
	if err := upload(ctx, req.Inputs); err != nil {
		return response, err
	}
	id, err := resource.NewUniqueHex("", 8, 0)
	response.ID = id
	return response, err
}

// Update copies again when the source or the place has changed, and only then.
func (*CopyToRemote) Update(
	ctx context.Context, req infer.UpdateRequest[CopyInputs, CopyOutputs],
) (infer.UpdateResponse[CopyOutputs], error) {
	response := infer.UpdateResponse[CopyOutputs]{Output: CopyOutputs{req.Inputs}}
	same := req.Inputs.hash() == req.State.hash() && req.Inputs.RemotePath == req.State.RemotePath
	if req.DryRun || same {
		return response, nil
	}
	return response, upload(ctx, req.Inputs)
}
