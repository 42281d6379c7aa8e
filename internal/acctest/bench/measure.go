package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// figures are the measurements of one run of the CLI.
type figures struct {
	wall, cpu time.Duration
	// peak is the provider's peak memory in bytes. 0 is unknown.
	peak                          int
	requests, tokens, connections int
}

// orFaster returns the faster of two measurements. The zero value is no measurement.
func (f figures) orFaster(g figures) figures {
	if f.wall > 0 && f.wall < g.wall {
		return f
	}
	return g
}

// count stores the numbers of requests that the mock received.
func (f *figures) count(b *mockbackend.Backend) {
	f.requests = len(acctest.Sent(b))
	c := b.Counters()
	for _, t := range c.Tokens {
		f.tokens += t.Count
	}
	for _, n := range c.Connections {
		f.connections += n
	}
}

// measure runs the CLI and measures it.
func measure(ctx context.Context, w *acctest.Workspace, exitCode int, args ...string) (figures, error) {
	watching, stop := context.WithCancel(ctx)
	peak := make(chan int, 1)
	go func() { peak <- watchMemory(watching) }()
	start := time.Now()
	r := w.Run(ctx, args...)
	f := figures{wall: time.Since(start), cpu: r.CPU}
	stop()
	f.peak = <-peak
	if r.Err == nil && r.ExitCode != exitCode {
		r.Err = fmt.Errorf("%s has exit code %d, not %d\n%.2000s", strings.Join(args, " "), r.ExitCode, exitCode, r.Output)
	}
	return f, r.Err
}

// watchMemory returns the peak memory of the CLI's providers until the context ends. It reads VmHWM in /proc,
// which exists only on Linux. The value only grows, so a read every 10 ms misses at most the growth in the last
// 10 ms of a process.
func watchMemory(ctx context.Context) (peak int) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var providers []int
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return peak
		case <-tick.C:
		}
		if n%10 == 0 { // runningProviders reads all processes
			providers = runningProviders()
		}
		for _, pid := range providers {
			peak = max(peak, highWater(pid))
		}
	}
}

// runningProviders returns the child processes of our child processes: bench starts the CLI, which starts the
// providers.
func runningProviders() []int {
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is valid
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // the process has ended
		}
		// The format is "pid (name) state ppid …". The name may contain any character.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if len(fields) > 1 {
			parents[pid], _ = strconv.Atoi(string(fields[1]))
		}
	}
	var found []int
	for pid, parent := range parents {
		if parents[parent] != os.Getpid() {
			continue
		}
		program, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
		if err == nil && strings.HasPrefix(filepath.Base(program), "terraform-provider-") {
			found = append(found, pid)
		}
	}
	return found
}

// highWater returns the peak memory of a process in bytes, or 0 if it has ended.
func highWater(pid int) int {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kB, _ := strconv.Atoi(string(fields[0]))
	return kB << 10
}

// handshake returns the time from the start of the provider to the line with which it sends its address to the
// CLI. It is the median of 11 starts.
func handshake(ctx context.Context, dir string) (time.Duration, error) {
	binary := filepath.Join(dir, "provider")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = acctest.Root()
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	var took []time.Duration
	for range 11 {
		cmd := exec.CommandContext(ctx, binary)
		cmd.Env = append(os.Environ(), "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS=6")
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			return 0, err
		}
		start := time.Now()
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		line, err := bufio.NewReader(stdout).ReadString('\n')
		took = append(took, time.Since(start))
		err = errors.Join(err, cmd.Process.Kill())
		_ = cmd.Wait() // killed
		if err != nil {
			return 0, err
		}
		if !strings.HasPrefix(line, "1|6|") {
			return 0, fmt.Errorf("the provider began with %q", line)
		}
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
