package mockbackend

// Routes returns the patterns of the routes of a service.
func Routes(service Service) []string {
	var patterns []string
	for _, route := range routes()[service] {
		patterns = append(patterns, route.String())
	}
	return patterns
}
