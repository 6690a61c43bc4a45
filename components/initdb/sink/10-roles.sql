-- Run once, by the superuser, in a new sink, after the branch's own SQL. Passwords come from files, so that none is in an
-- argument list, an environment or a log.
\set ON_ERROR_STOP on
\set postgres_password `cat /run/secrets/sink_postgres`
\set pgwatch_password `cat /run/secrets/sink_pgwatch`
\set grafana_password `cat /run/secrets/sink_grafana`
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

-- The branch's SQL may have made these roles, and others. All have passwords that everybody can read.
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['pgwatch', 'grafana']) AS own (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', rolname) FROM pg_roles
WHERE rolname NOT IN ('postgres', 'pgwatch', 'grafana') AND rolname !~ '^pg_'
\gexec
ALTER ROLE postgres PASSWORD :'postgres_password';
ALTER ROLE pgwatch NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS LOGIN PASSWORD :'pgwatch_password';
-- Anonymous viewers ask through this role: it reads, and it cannot run for long.
ALTER ROLE grafana NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS LOGIN PASSWORD :'grafana_password'
CONNECTION LIMIT 15;
GRANT pg_read_all_data TO grafana;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '15s';

SELECT 'CREATE DATABASE measurements' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'measurements')
\gexec
ALTER DATABASE measurements OWNER TO pgwatch;
\connect measurements
ALTER SCHEMA public OWNER TO pgwatch;
-- pgwatch's tables are named after its metrics, and the product has one that is named as this extension's view.
SELECT unnest(ARRAY['CREATE SCHEMA IF NOT EXISTS extensions', 'ALTER EXTENSION pg_stat_statements SET SCHEMA extensions'])
WHERE EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements' AND extnamespace = 'public'::regnamespace)
\gexec
