package main

import (
	"fmt"
	"html"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
)

// String returns the row as a line of the table.
func (r row) String() string {
	floor, ratio, floorCPU, network, sleeper, sleeperCPU := "–", "–", "–", "–", "–", "–"
	if r.floor.wall > 0 {
		floor, floorCPU = seconds(r.floor.wall), seconds(r.floor.cpu)
		ratio = fmt.Sprintf("%.2f", r.ours.wall.Seconds()/r.floor.wall.Seconds())
	}
	if r.network > 0 {
		network = seconds(r.network)
	}
	if r.sleeper.wall > 0 {
		sleeper, sleeperCPU = seconds(r.sleeper.wall), seconds(r.sleeper.cpu)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %d | %d | %d |", r.name+", "+thousands(r.customers), r.phase,
		seconds(r.ours.wall), floor, ratio, network, sleeper, seconds(r.ours.cpu), floorCPU, sleeperCPU, megabytes(r.ours.peak), r.ours.requests, r.ours.tokens, r.ours.connections)
}

const tableHead = `| what | work | wall | Terraform's own | ratio | network floor | sleeper | CPU | Terraform's own CPU | sleeper's CPU | provider's peak memory | requests | token requests | connections |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func megabytes(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f MB", float64(n)/1e6)
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// budget is one of the limits in the design.
type budget struct {
	what, measured string
	met            bool
}

// budgets compares the rows with the budgets. Budgets without a measurement are left out.
func budgets(rows []row, opts options) []budget {
	out := []budget{{"provider start to handshake: at most 50 ms", opts.handshake.Round(time.Millisecond).String(), opts.handshake <= 50*time.Millisecond}}
	var largest row
	for _, r := range rows {
		if r.configuration != "" {
			continue
		}
		is := func(k kind, customers int, phase string) bool {
			return r.name == k.name && r.customers == customers && r.phase == phase
		}
		add := func(what, measured string, met bool) {
			out = append(out, budget{fmt.Sprintf("%s: %s", r.scenario, what), measured, met})
		}
		within := func(times float64, what string, floor time.Duration) {
			bound := time.Duration(times * float64(floor))
			add(fmt.Sprintf("%s in at most %v × %s, %s", r.phase, times, what, seconds(bound)),
				fmt.Sprintf("%s, %.2f ×", seconds(r.ours.wall), r.ours.wall.Seconds()/floor.Seconds()), r.ours.wall <= bound)
		}
		if r.ours.peak > largest.ours.peak {
			largest = r
		}
		if r.phase == unchanged && r.name != fleetByLog.name {
			add("unchanged plan with 1 request per customer and 1 token request",
				fmt.Sprintf("%d and %d", r.ours.requests, r.ours.tokens), r.ours.requests == r.customers && r.ours.tokens == 1)
		}
		switch {
		case is(single, 1_000, unchanged):
			within(1.25, "a provider that only sleeps", r.sleeper.wall)
			add(fmt.Sprintf("unchanged plan with at most %s more CPU than a provider that only sleeps", seconds(extraCPU)),
				seconds(r.ours.cpu-r.sleeper.cpu), r.ours.cpu-r.sleeper.cpu <= extraCPU)
		case is(single, 1_000, wide):
			within(1.5, "Terraform's own time", r.floor.wall)
		case is(fleet, 10_000, unchanged):
			within(1.2, "(Terraform's own time + network floor)", r.floor.wall+r.network)
		case is(fleetByLog, 10_000, unchanged):
			within(1.25, "Terraform's own time", r.floor.wall)
		case is(fleetByLog, 10_000, three):
			add("plan after 3 changes outside with fewer than 20 requests", fmt.Sprint(r.ours.requests), r.ours.requests < 20)
		case is(customerList, 10_000, listed):
			within(1.8, "a provider that only sleeps", r.sleeper.wall)
		case r.phase == throttled:
			within(1.1, fmt.Sprintf("the time of the requests at the server's rate of %s", rate), r.network)
		}
	}
	if largest.ours.peak > 0 {
		out = append(out, budget{
			"provider's peak memory in all of this work: at most 130 MB",
			fmt.Sprintf("%s, %s, %s", megabytes(largest.ours.peak), largest.scenario, largest.phase), largest.ours.peak <= 130e6,
		})
	}
	return out
}

// extraCPU is the processor time that the provider may take for 1,000 resources, in addition to that of the
// provider that only sleeps.
const extraCPU = 800 * time.Millisecond

// report returns the text of README.md. failed are the failures of another provider.
func report(rows []row, failed []string, opts options, cli acctest.CLI) string {
	name := "Terraform"
	if cli.Tofu {
		name = "OpenTofu"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# Benchmarks

Made by `+"`make bench`"+`; the figures of one run belong together and with no others. %s %s, %d processor cores, %s/%s; the mock of
Partner Center ran on the same machine, in a process of its own, and took %s for each answer.

![unchanged plan](chart.svg)

## Budgets

| budget | measured | |
|---|--:|---|
`, name, cli.Version, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, opts.latency)
	for _, one := range budgets(rows, opts) {
		verdict := "met"
		if !one.met {
			verdict = "**not met**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", one.what, one.measured, verdict)
	}
	b.WriteString("\n## Figures\n\n" + tableHead)
	for _, r := range rows {
		fmt.Fprintln(&b, r)
	}
	if len(failed) > 0 {
		b.WriteString("\nThe other provider failed:\n\n")
	}
	for _, one := range failed {
		fmt.Fprintf(&b, "- %s\n", one)
	}
	fmt.Fprintf(&b, `
- *Terraform's own* is what the CLI takes for `+"`terraform_data`"+` in the same shape, without any provider: `+"`for_each`"+` over the same map beside
  single resources, one resource that holds the map beside a fleet. Both read the map from the same kind of file.
- The *sleeper* is a provider that only sleeps: a resource as long as the mock takes to answer one request, a resource for many as long as
  the network floor, or one request with the activity log, and a data source as long as all requests take, one after the other. It is the least
  that a provider takes if the plugin framework converts all values. The resources have the schemas of ours, and the data source returns as many
  objects of the same type. A fleet takes less than its sleeper, because the framework has its maps as strings (`+"`internal/provider/packed.go`"+`).
- The *network floor* is requests × time of an answer ÷ requests at a time, which are %d for single resources (the CLI's bound), or
  %d with that parallelism, %d for a fleet (the provider's) and %d for a data source. Where the server throttles it is the requests at the
  rate that it allows; since it allows those of a window at once, a run can take a window less.
- Plans are the fastest of %d, with and without the provider in turns; all else is one run.
- *CPU* is user and system time of the CLI and all that it started. *Peak memory* is VmHWM of the provider's process, which is read from
  /proc every 10 ms while it runs.
- The activity log holds what was changed outside, and not the records of the apply: those fill a page for each 500 customers until they
  are 6 hours old, and to the end of their day.
- Changes outside are made in the mock. Beside them, Terraform's own map is changed in as many places. Before, the state is
  made an hour older: within a minute of a write the provider repeats a read that contradicts it before it believes it.
- Single resources take Terraform a call of the plugin protocol or several for each; how many requests wait at the same time is Terraform's
  choice. That is why there is a fleet.
`, single.concurrency, wideParallelism, fleet.concurrency, customerList.concurrency, opts.repeat)
	return b.String()
}

// chart returns a chart of the unchanged plans, each with the minimum time.
func chart(rows []row) string {
	plans := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.phase != unchanged })
	var longest time.Duration
	for _, r := range plans {
		longest = max(longest, r.ours.wall, r.floor.wall+r.network)
	}
	const left, width, line = 250, 430, 52
	scale := func(d time.Duration) float64 { return float64(width) * d.Seconds() / longest.Seconds() }
	var b strings.Builder
	height := 60 + line*len(plans)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 %d" font-family="sans-serif" font-size="13" role="img" aria-label="Time of an unchanged plan">
<style>
  text { fill: #24292f } .ours { fill: #0a69da } .floor { fill: #8c959f } .network { fill: #d0d7de }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .ours { fill: #4493f8 } .floor { fill: #8b949e } .network { fill: #484f58 } }
</style>
`, height)
	fmt.Fprint(&b, `<text x="10" y="22" font-size="15">Unchanged plan, seconds</text>`+"\n")
	for i, legend := range []struct{ class, text string }{{"ours", "with the provider"}, {"floor", "Terraform's own"}, {"network", "network floor"}} {
		fmt.Fprintf(&b, `<rect class="%s" x="%d" y="12" width="12" height="12"/><text x="%d" y="23">%s</text>`+"\n", legend.class, left+i*150, left+i*150+18, legend.text)
	}
	for i, r := range plans {
		y := 44 + i*line
		fmt.Fprintf(&b, `<text x="10" y="%d">%s</text>`+"\n", y+22, html.EscapeString(r.name+", "+thousands(r.customers)))
		fmt.Fprintf(&b, `<rect class="ours" x="%d" y="%d" width="%.1f" height="16"/><text x="%.1f" y="%d">%.2f</text>`+"\n",
			left, y, scale(r.ours.wall), left+scale(r.ours.wall)+6, y+13, r.ours.wall.Seconds())
		fmt.Fprintf(&b, `<rect class="floor" x="%d" y="%d" width="%.1f" height="16"/><rect class="network" x="%.1f" y="%d" width="%.1f" height="16"/><text x="%.1f" y="%d">%.2f</text>`+"\n",
			left, y+18, scale(r.floor.wall), left+scale(r.floor.wall), y+18, scale(r.network), left+scale(r.floor.wall+r.network)+6, y+31, (r.floor.wall + r.network).Seconds())
	}
	return b.String() + "</svg>\n"
}
