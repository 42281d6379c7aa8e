package mockbackend

// Routes are the patterns of a service, with what their values can be.
func Routes(service Service) []string {
	var patterns []string
	for _, route := range routes()[service] {
		patterns = append(patterns, route.String())
	}
	return patterns
}
