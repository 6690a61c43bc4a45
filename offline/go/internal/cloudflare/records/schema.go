package records

import (
	"encoding/json"
	"slices"

	"github.com/pulumi/pulumi-go-provider/infer"

	"pgai.watch/preview/offline/internal/cloudflare/api"
)

// Inputs are what a program declares. Names and meaning are the official ones.
type Inputs struct {
	ZoneID                string         `pulumi:"zoneId" provider:"replaceOnChanges"`
	Name                  string         `pulumi:"name"`
	Type                  string         `pulumi:"type"`
	TTL                   float64        `pulumi:"ttl"`
	Content               *string        `pulumi:"content,optional"`
	Proxied               *bool          `pulumi:"proxied,optional"`
	Comment               *string        `pulumi:"comment,optional"`
	Tags                  []string       `pulumi:"tags,optional"`
	Priority              *float64       `pulumi:"priority,optional"`
	PrivateRouting        *bool          `pulumi:"privateRouting,optional"`
	Settings              *Settings      `pulumi:"settings,optional"`
	Data                  map[string]any `pulumi:"data,optional"`
	IncludeShadowMetadata *bool          `pulumi:"includeShadowMetadata,optional"`
}

// Settings are a record's settings.
type Settings struct {
	FlattenCname *bool `pulumi:"flattenCname,optional"`
	Ipv4Only     *bool `pulumi:"ipv4Only,optional"`
	Ipv6Only     *bool `pulumi:"ipv6Only,optional"`
}

// Outputs are the inputs and what Cloudflare tells of the record.
type Outputs struct {
	Inputs
	Proxiable         bool    `pulumi:"proxiable"`
	Meta              string  `pulumi:"meta"`
	CreatedOn         string  `pulumi:"createdOn"`
	ModifiedOn        string  `pulumi:"modifiedOn"`
	CommentModifiedOn *string `pulumi:"commentModifiedOn,optional"`
	TagsModifiedOn    *string `pulumi:"tagsModifiedOn,optional"`
}

// Annotate gives defaults.
func (inputs *Inputs) Annotate(a infer.Annotator) {
	a.SetDefault(&inputs.Proxied, false)
}

// wanted is the record as the API takes it.
func wanted(inputs Inputs) api.Wanted {
	result := api.Wanted{
		Name:           inputs.Name,
		Type:           inputs.Type,
		Content:        valueOr(inputs.Content, ""),
		TTL:            inputs.TTL,
		Proxied:        valueOr(inputs.Proxied, false),
		Comment:        inputs.Comment,
		Priority:       inputs.Priority,
		PrivateRouting: inputs.PrivateRouting,
		Tags:           inputs.Tags,
	}
	if inputs.Settings != nil {
		settings := api.Settings(*inputs.Settings)
		result.Settings = &settings
	}
	return result
}

// outputs is the state after inputs have been made true.
func outputs(inputs Inputs, record api.Record) Outputs {
	settings := Settings(record.Settings)
	inputs.Settings = &settings
	inputs.Tags = record.Tags
	if inputs.Tags == nil {
		inputs.Tags = []string{}
	}
	return Outputs{
		Inputs:            inputs,
		Proxiable:         record.Proxiable,
		Meta:              compact(record.Meta),
		CreatedOn:         record.CreatedOn,
		ModifiedOn:        record.ModifiedOn,
		CommentModifiedOn: record.CommentModifiedOn,
		TagsModifiedOn:    record.TagsModifiedOn,
	}
}

// current is what a program would have to declare to get the record as it is
// now. What the program leaves to Cloudflare stays out.
func current(before Inputs, zone string, record api.Record) Inputs {
	now := before
	now.ZoneID, now.Type, now.TTL = zone, record.Type, record.TTL
	if before.Name == "" || !api.SameName(before.Name, record.Name) {
		now.Name = record.Name
	}
	now.Content, now.Proxied = &record.Content, &record.Proxied
	now.Comment = record.Comment
	if record.Comment != nil && *record.Comment == "" {
		now.Comment = before.Comment
	}
	if record.Priority != nil || before.Priority != nil {
		now.Priority = record.Priority
	}
	if before.PrivateRouting != nil {
		now.PrivateRouting = record.PrivateRouting
	}
	if !slices.Equal(before.Tags, record.Tags) {
		now.Tags = record.Tags
	}
	if before.Settings != nil {
		settings := Settings(record.Settings)
		now.Settings = &settings
	}
	return now
}

func compact(meta json.RawMessage) string {
	if len(meta) == 0 {
		return "{}"
	}
	return string(meta)
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
