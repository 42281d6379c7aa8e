// Command terraform-provider-partnercenter serves the Partner Center provider to Terraform. With the subcommand login it
// signs a user in, or checks a sign-in.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"

	"terraform-provider-partnercenter/internal/login"
	"terraform-provider-partnercenter/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "login" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		code := login.Command{
			Version: version, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, OpenBrowser: login.OpenBrowser,
		}.Run(ctx, os.Args[2:])
		stop()
		os.Exit(code)
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
