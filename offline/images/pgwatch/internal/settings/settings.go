// Package settings reads the command line and the PW_* environment with the official program's names.
package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jessevdk/go-flags"
)

// Version is what --version prints; it says that this is a stand-in.
const Version = "3-standin"

// Text is returned as an error when the caller asked for help or the version instead of a run.
type Text string

func (t Text) Error() string { return string(t) }

// Options are the command line options; names, short forms, defaults and environment variables are pgwatch 3's.
type Options struct {
	Sources      string   `short:"s" long:"sources" env:"PW_SOURCES" description:"File or folder of YAML files naming the databases to monitor"`
	Groups       []string `short:"g" long:"group" env:"PW_GROUP" env-delim:"," description:"Monitor only the sources of these groups"`
	MaxParallel  int      `long:"max-parallel-connections-per-db" env:"PW_MAX_PARALLEL_CONNECTIONS_PER_DB" default:"4" description:"Most connections to one monitored database"`
	Refresh      int      `long:"refresh" env:"PW_REFRESH" default:"120" description:"Seconds until the files are read again and sources that did not answer are tried again"`
	Metrics      string   `short:"m" long:"metrics" env:"PW_METRICS" description:"YAML file with metric and preset definitions"`
	CacheSeconds int      `long:"instance-level-cache-max-seconds" env:"PW_INSTANCE_LEVEL_CACHE_MAX_SECONDS" default:"30" description:"How long instance level measurements are shared between databases of an instance, 0 disables"`

	Sinks         []string      `long:"sink" env:"PW_SINK" env-delim:"," description:"Where measurements go: postgresql://... or prometheus://host:port/namespace; may be repeated"`
	BatchingDelay time.Duration `long:"batching-delay" env:"PW_BATCHING_MAX_DELAY" default:"250ms" description:"Longest wait before a batch is written"`
	Retention     string        `long:"retention" env:"PW_RETENTION" default:"14" description:"Age of measurements to delete: days, or a PostgreSQL interval; 0 keeps all"`
	Maintenance   string        `long:"maintenance-interval" env:"PW_MAINTENANCE_INTERVAL" default:"12h" description:"Time between deletions of old measurements"`
	RealDbname    string        `long:"real-dbname-field" env:"PW_REAL_DBNAME_FIELD" default:"real_dbname" description:"Column for the database's own name"`
	SystemID      string        `long:"system-identifier-field" env:"PW_SYSTEM_IDENTIFIER_FIELD" default:"sys_id" description:"Column for the cluster's system identifier"`

	Level string `short:"v" long:"log-level" env:"PW_LOGLEVEL" choice:"debug" choice:"info" choice:"error" default:"info" description:"Verbosity of the log"`

	WebDisable string `long:"web-disable" env:"PW_WEBDISABLE" optional:"true" optional-value:"all" choice:"all" choice:"ui" description:"Do not serve the web address"`
	WebAddr    string `long:"web-addr" env:"PW_WEBADDR" default:":8080" description:"Address of /liveness and /readiness"`

	// Accepted and without effect here: the official program's remaining options.
	MinDbSizeMB int    `long:"min-db-size-mb" env:"PW_MIN_DB_SIZE_MB" default:"0" description:"Accepted; no effect in the stand-in"`
	CreateExts  string `long:"try-create-listed-exts-if-missing" env:"PW_TRY_CREATE_LISTED_EXTS_IF_MISSING" description:"Accepted; no effect in the stand-in"`
	Helpers     bool   `long:"create-helpers" env:"PW_CREATE_HELPERS" description:"Accepted; no effect in the stand-in"`
	Partition   string `long:"partition-interval" env:"PW_PARTITION_INTERVAL" default:"1 week" description:"Accepted; the stand-in's tables are not partitioned"`
	DirectOS    bool   `long:"direct-os-stats" env:"PW_DIRECT_OS_STATS" description:"Accepted; no effect in the stand-in"`
	PauseFile   string `long:"emergency-pause-triggerfile" env:"PW_EMERGENCY_PAUSE_TRIGGERFILE" default:"/tmp/pgwatch-emergency-pause" description:"While this file exists nothing is collected"`
	WebUser     string `long:"web-user" env:"PW_WEBUSER" description:"Accepted; the stand-in has no web interface"`
	WebPassword string `long:"web-password" env:"PW_WEBPASSWORD" description:"Accepted; the stand-in has no web interface"`
	WebBasePath string `long:"web-base-path" env:"PW_WEBBASEPATH" description:"Prefix of the web paths"`

	ShowVersion bool `long:"version" description:"Print the version and exit"`
}

// Parse reads the arguments (without the program's name) and the environment.
//
// It returns a Text error for --help and --version, and one error naming every problem for bad values.
func Parse(args []string) (*Options, error) {
	options := new(Options)
	parser := flags.NewParser(options, flags.HelpFlag|flags.PassDoubleDash)
	parser.Name = "pgwatch"
	parser.ShortDescription = "stand-in for pgwatch 3"
	rest, err := parser.ParseArgs(args)
	var flagsError *flags.Error
	if errors.As(err, &flagsError) && flagsError.Type == flags.ErrHelp {
		return nil, Text(flagsError.Message)
	}
	if err != nil {
		return nil, err
	}
	if options.ShowVersion {
		return nil, Text("pgwatch " + Version + " (stand-in for pgwatch 3; not the official program)")
	}
	var problems []error
	if len(rest) > 0 {
		problems = append(problems, fmt.Errorf("unknown argument %q: the stand-in has no subcommands", strings.Join(rest, " ")))
	}
	problems = append(problems, options.problems()...)
	return options, errors.Join(problems...)
}

func (o *Options) problems() []error {
	var found []error
	if o.Sources == "" {
		found = append(found, errors.New("--sources is empty: name the YAML file or folder of the databases to monitor"))
	}
	if o.Metrics == "" {
		found = append(found, errors.New("--metrics is empty: the stand-in has no built-in metrics, name a YAML file"))
	}
	if len(o.Sinks) == 0 {
		found = append(found, errors.New("no --sink: name at least one, for example --sink=prometheus://0.0.0.0:9091/pgwatch"))
	}
	if o.MaxParallel < 1 {
		found = append(found, errors.New("--max-parallel-connections-per-db must be at least 1"))
	}
	if o.BatchingDelay <= 0 || o.BatchingDelay > time.Hour {
		found = append(found, errors.New("--batching-delay must be more than 0 and at most 1h"))
	}
	return found
}

// LogLevel is the slog level of --log-level.
func (o *Options) LogLevel() slog.Level {
	switch o.Level {
	case "debug":
		return slog.LevelDebug
	case "error":
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}
