package pythonhost

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// parseOptions reads `runtime.options` of the project file.
func parseOptions(info *pulumirpc.ProgramInfo) (toolchain.PythonOptions, error) {
	options := toolchain.PythonOptions{
		Root:       info.GetRootDirectory(),
		ProgramDir: info.GetProgramDirectory(),
	}
	for name, value := range info.GetOptions().AsMap() {
		text, isText := value.(string)
		if !isText {
			return options, fmt.Errorf("the runtime option %q must be a string", name)
		}
		switch {
		case name == "virtualenv":
			options.Virtualenv = text
		case name == "toolchain" && text == "pip":
			options.Toolchain = toolchain.Pip
		case name == "toolchain" && text == "poetry":
			options.Toolchain = toolchain.Poetry
		case name == "toolchain" && text == "uv":
			options.Toolchain = toolchain.Uv
		default:
			return options, fmt.Errorf("this stand-in of the Python language host does not support "+
				"the runtime option %s: %s; remove it or install the official Pulumi CLI", name, text)
		}
	}
	if options.Virtualenv != "" && options.Toolchain == toolchain.Poetry {
		return options, fmt.Errorf("the runtime option virtualenv cannot be used with toolchain: poetry")
	}
	return options, nil
}

// programArguments returns what follows the script: where the engine is, what
// is being deployed, and the program with its own arguments.
func programArguments(req *pulumirpc.RunRequest, engine, tracing string) []string {
	var arguments []string
	add := func(name, value string) {
		if value != "" {
			arguments = append(arguments, "--"+name, value)
		}
	}
	add("monitor", req.GetMonitorAddress())
	add("engine", engine)
	add("project", req.GetProject())
	add("root_directory", req.GetInfo().GetRootDirectory())
	add("stack", req.GetStack())
	add("pwd", req.GetPwd())
	if req.GetDryRun() {
		add("dry_run", "true")
	}
	add("parallel", strconv.Itoa(int(req.GetParallel())))
	add("tracing", tracing)
	add("organization", req.GetOrganization())
	return append(append(arguments, program(req)), req.GetArgs()...)
}

// program is the path of the file or directory to run. A relative entry point
// counts from the program's directory.
func program(req *pulumirpc.RunRequest) string {
	entry := req.GetInfo().GetEntryPoint()
	if entry == "" {
		entry = "."
	}
	if directory := req.GetInfo().GetProgramDirectory(); directory != "" && !filepath.IsAbs(entry) {
		return filepath.Join(directory, entry)
	}
	return entry
}

// configurationEnvironment hands the stack's configuration to the program.
// Secret values travel here and not as arguments, which other users could see.
func configurationEnvironment(req *pulumirpc.RunRequest) ([]string, error) {
	config := req.GetConfig()
	if config == nil {
		config = map[string]string{}
	}
	values, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("could not encode the configuration: %w", err)
	}
	secretKeys := req.GetConfigSecretKeys()
	if secretKeys == nil {
		secretKeys = []string{}
	}
	keys, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("could not encode the names of secret configuration: %w", err)
	}
	return []string{"PULUMI_CONFIG=" + string(values), "PULUMI_CONFIG_SECRET_KEYS=" + string(keys)}, nil
}
