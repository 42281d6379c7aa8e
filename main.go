// Command terraform-provider-partnercenter serves the Partner Center provider to Terraform. The subcommand login
// signs a user in, or checks a sign-in. The subcommand conformance reports how Partner Center behaves.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/conformance"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/login"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
)

// version is set by the release build.
var version = "dev"

// commands contains the subcommands, keyed by name. They return the exit code.
var commands = map[string]func(ctx context.Context, args []string) int{
	"login": func(ctx context.Context, args []string) int {
		return login.Command{
			Version: version, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, OpenBrowser: login.OpenBrowser,
		}.Run(ctx, args)
	},
	"conformance": func(ctx context.Context, args []string) int {
		return conformance.Command{Version: version, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv}.Run(ctx, args)
	},
}

func main() {
	if len(os.Args) > 1 {
		if command := commands[os.Args[1]]; command != nil {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			code := command(ctx, os.Args[2:])
			stop()
			os.Exit(code)
		}
	}
	debug := flag.Bool("debug", false, "run with support for debuggers such as delve")
	flag.Parse()
	if !*debug {
		provider.LogAsTerraform()
	}
	provider.LimitMemory()
	if err := provider.Serve(version, *debug); err != nil {
		log.Fatal(err)
	}
}
