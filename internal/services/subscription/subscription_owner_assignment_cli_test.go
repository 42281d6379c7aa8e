package subscription_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// With create_before_destroy and -parallelism=1, Ctrl-C after the first creation leaves deposed objects. The
// next apply removes them from the state only, so the role assignments stay.
func TestCLIOwner_interruptedCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("this test builds the provider")
	}
	b := acctest.New(t, mockbackend.Config{})
	const block = `
terraform {
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

variable "generation" {
  type = string
}

resource "terraform_data" "generation" {
  input = var.generation
}

resource "partnercenter_subscription_owner_assignment" "all" {
  for_each        = toset(["` + user + `", "` + mockbackend.AdatumSecondUserID + `", "` + mockbackend.AdatumGroupID + `"])
  customer_id     = "` + adatum + `"
  subscription_id = "` + azure + `"
  principal_id    = each.key
  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.generation]
  }
}
`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := acctest.NewWorkspace(t.Context(), dir, b.WorkspaceEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	apply := []string{"apply", "-auto-approve", "-input=false", "-parallelism=1", "-var=generation=1"}
	if r := w.Run(t.Context(), apply...); r.Err != nil {
		t.Fatal(r.Err)
	}
	again := append(slices.Clip(apply), "-var=generation=2")
	// Interrupt as soon as the state has a deposed object, which Terraform writes before the creation.
	ctx, cancel := context.WithCancel(t.Context())
	b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 500 * time.Millisecond })
	go func() {
		defer cancel()
		for range 600 {
			state, _ := os.ReadFile(filepath.Join(dir, "terraform.tfstate"))
			if strings.Contains(string(state), `"deposed"`) {
				return
			}
			acctest.Pass(20 * time.Millisecond)
		}
	}()
	interrupted := w.Run(ctx, again...)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 0 })
	state, err := os.ReadFile(filepath.Join(dir, "terraform.tfstate"))
	if err != nil || !strings.Contains(string(state), `"deposed"`) {
		t.Fatalf("there is no deposed object, so this test checks nothing (%v):\n%s", err, interrupted.Output)
	}
	b.ResetJournal()
	r := w.Run(t.Context(), again...)
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	for _, request := range acctest.Writes(b.Backend) {
		if request.Method == "DELETE" {
			t.Errorf("the next apply sent %s %s:\n%s", request.Method, request.Path, r.Output)
		}
	}
	if got := owners(b.Backend); len(got) != 3 {
		t.Errorf("the server has %+v", got)
	}
	if r := w.Run(t.Context(), "plan", "-detailed-exitcode", "-input=false", "-var=generation=2"); r.ExitCode != 0 {
		t.Errorf("the next plan has exit code %d\n%s", r.ExitCode, r.Output)
	}
	if r := w.Run(t.Context(), "destroy", "-auto-approve", "-input=false", "-var=generation=2"); r.Err != nil || len(owners(b.Backend)) != 0 {
		t.Errorf("%v, and the server has %+v", r.Err, owners(b.Backend))
	}
}
