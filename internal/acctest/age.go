package acctest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Age makes the workspace's state as old as if d had passed since the provider wrote. Within a minute of a write, the
// provider repeats a read that contradicts it before it believes it.
func (w *Workspace) Age(d time.Duration) error {
	return ageState(filepath.Join(w.Dir, "terraform.tfstate"), d)
}

// AgeBetweenSteps lets an hour pass before each step of a test that has a PreConfig, which changes something outside Terraform: see
// [Workspace.Age].
func AgeBetweenSteps(t *testing.T, c resource.TestCase) resource.TestCase {
	t.Helper()
	c.WorkingDir = t.TempDir()
	for i, step := range c.Steps {
		if step.PreConfig == nil {
			continue
		}
		c.Steps[i].PreConfig = func() {
			states, err := filepath.Glob(filepath.Join(c.WorkingDir, "*", "terraform.tfstate"))
			for _, state := range states {
				err = errors.Join(err, ageState(state, time.Hour))
			}
			if err != nil || len(states) != min(i, 1) {
				t.Fatal(states, err)
			}
			step.PreConfig()
		}
	}
	return c
}

func ageState(path string, d time.Duration) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var state map[string]any
	if err := json.Unmarshal(b, &state); err != nil {
		return err
	}
	resources, _ := state["resources"].([]any)
	for _, r := range resources {
		resource, _ := r.(map[string]any)
		instances, _ := resource["instances"].([]any)
		for _, i := range instances {
			instance, _ := i.(map[string]any)
			if err := age(instance, d); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if b, err = json.Marshal(state); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// age changes the private state of an instance, where every value is JSON in base64.
func age(instance map[string]any, d time.Duration) error {
	text, ok := instance["private"].(string)
	if !ok {
		return nil
	}
	var b []byte
	if err := json.Unmarshal([]byte(`"`+text+`"`), &b); err != nil {
		return err
	}
	private := make(map[string][]byte)
	if err := json.Unmarshal(b, &private); err != nil {
		return err
	}
	var at time.Time
	if private["written_at"] == nil {
		return nil
	}
	if err := json.Unmarshal(private["written_at"], &at); err != nil {
		return err
	}
	var err error
	if private["written_at"], err = json.Marshal(at.Add(-d)); err != nil {
		return err
	}
	if b, err = json.Marshal(private); err != nil {
		return err
	}
	instance["private"] = b // as base64
	return nil
}
