package mockbackend

// Service names one of the hosts of the mock.
type Service string

// The services.
const (
	SignIn          Service = "signin"
	PartnerCenter   Service = "partnercenter"
	ResourceManager Service = "resourcemanager"
	CI              Service = "ci" // token requests of GitHub Actions and Azure DevOps jobs
	Control         Service = "control"
	Elsewhere       Service = "elsewhere"
)

// service is what differs between the hosts of the mock.
type service interface {
	name() Service
	table() []route
	inspect(b *Backend, x *exchange)                           // strictness: records violations, changes nothing
	admit(b *Backend, x *exchange) (refusal response, ok bool) // who is calling; sets x.caller
	errorAnswer(x *exchange, status int, e *apiError) response
	throttleAnswer(x *exchange, seconds int) (body any)
	encode(x *exchange, r response) answer
}

type serviceBase struct {
	service Service
	routes  []route
}

func (s serviceBase) name() Service { return s.service }

func (s serviceBase) table() []route { return s.routes }
