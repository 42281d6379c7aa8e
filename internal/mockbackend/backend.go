package mockbackend

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Config is what a Backend starts from. The zero value gives the named customers of the seed and no throttling.
type Config struct {
	Seed      int64         // names and ids of generated customers are a function of Seed and their index
	Customers int           // total number of customers; the named ones come first; 0 = the named ones only
	Latency   time.Duration // added to each Partner Center and Resource Manager answer; later changes: Knobs.Latency
	Rate      Rate          // throttle as the API does; zero = none
}

// Endpoints are base URLs without trailing slash.
type Endpoints struct {
	SignIn          string `json:"signIn"`
	PartnerCenter   string `json:"partnerCenter"` // without the /v1
	ResourceManager string `json:"resourceManager"`
	CI              string `json:"ci"`
	Control         string `json:"control"`
	Elsewhere       string `json:"elsewhere"` // a host that is none of the above; a bearer token sent there is a violation
}

// errClosed is what Start and the in-process transport answer after Close.
var errClosed = errors.New("mockbackend: closed")

// Backend is one partner with its customers, users and tokens. All methods are safe for concurrent use.
type Backend struct {
	cfg      Config
	services map[Service]service
	tls      func() (certificates, error)

	mu   sync.Mutex // guards everything below; route handlers run with it held
	idle *sync.Cond // signalled when inFlight falls to zero

	store
	knobs      Knobs
	faults     []*Fault
	journal    journal
	counters   counters
	violations []string
	replays    replays
	window     rateWindow
	endpoints  Endpoints
	servers    []*http.Server
	stop       context.CancelFunc
	inFlight   int
	closed     bool
}

// New makes a backend in memory. It listens on nothing: use Transport, or Start.
func New(cfg Config) *Backend {
	b := &Backend{cfg: cfg, knobs: DefaultKnobs(), endpoints: inProcessEndpoints, tls: sync.OnceValues(newCertificates)}
	b.idle = sync.NewCond(&b.mu)
	b.knobs.Latency = cfg.Latency
	b.seed()
	all := routes()
	b.services = map[Service]service{
		SignIn:          signInService{serviceBase{SignIn, all[SignIn]}},
		PartnerCenter:   partnerCenterService{serviceBase{PartnerCenter, all[PartnerCenter]}},
		ResourceManager: resourceManagerService{serviceBase{ResourceManager, all[ResourceManager]}},
		CI:              ciService{serviceBase{CI, all[CI]}},
		Control:         controlService{serviceBase{Control, all[Control]}},
		Elsewhere:       elsewhereService{serviceBase{Elsewhere, all[Elsewhere]}},
	}
	return b
}

// CACertificate is the PEM certificate of the private CA under which all HTTPS listeners are; nil if none could be made.
func (b *Backend) CACertificate() []byte {
	made, err := b.tls()
	if err != nil {
		return nil
	}
	return made.caPEM
}

// Endpoints are the base URLs: stable names that only Transport knows before Start, loopback listeners after it.
func (b *Backend) Endpoints() Endpoints {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.endpoints
}
