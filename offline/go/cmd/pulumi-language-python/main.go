// Command pulumi-language-python is a stand-in for the official Python
// language host, whose module no registry serves. It starts a program with the
// same script, arguments and environment as the official one.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"pgai.watch/preview/offline/internal/pythonhost"
)

// version is set by the linker: the version of the engine.
var version = "0.0.0-dev"

func main() {
	var tracing string
	var showVersion bool
	flag.StringVar(&tracing, "tracing", "", "address of a Zipkin-compatible tracing endpoint")
	flag.BoolVar(&showVersion, "version", false, "print the version and exit")
	flag.String("root", "", "accepted for the engine's sake, unused: each request names its root")
	flag.Parse()
	if showVersion {
		fmt.Printf("%s (stand-in for the official Python language host)\n", version)
		return
	}
	if err := serve(flag.Args(), tracing); err != nil {
		cmdutil.Exit(err)
	}
}

// serve prints the port it listens on, which is how the engine finds it, and
// answers until it is told to stop or the engine is gone.
func serve(args []string, tracing string) error {
	logging.InitLogging(false, 0, false)
	cmdutil.InitTracing("pulumi-language-python", "pulumi-language-python", tracing)

	var engine string
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(args) > 0 {
		engine = args[0]
		if err := rpcutil.Healthcheck(ctx, engine, 5*time.Minute, stop); err != nil {
			return fmt.Errorf("could not start the health check of the engine at %q: %w", engine, err)
		}
	}
	cancelled := make(chan bool)
	go func() {
		<-ctx.Done()
		close(cancelled)
	}()

	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancelled,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, pythonhost.New(engine, tracing, version, stop))
			return nil
		},
		Options: rpcutil.OpenTracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("could not start listening: %w", err)
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}
