-- Run once, by the superuser, in a new sink database. Passwords come from files, so that none is in an argument
-- list, an environment or a log.
\set ON_ERROR_STOP on
\set pgwatch_password `cat /run/secrets/sink_pgwatch`
\set grafana_password `cat /run/secrets/sink_grafana`
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

CREATE ROLE pgwatch LOGIN PASSWORD :'pgwatch_password';
ALTER DATABASE measurements OWNER TO pgwatch;
ALTER SCHEMA public OWNER TO pgwatch;

-- Anonymous viewers ask through this role: it reads, and it cannot run for long.
CREATE ROLE grafana LOGIN PASSWORD :'grafana_password' CONNECTION LIMIT 15;
GRANT pg_read_all_data TO grafana;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '15s';
