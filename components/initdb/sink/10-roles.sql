-- Run once, by the superuser, in a new sink, after the branch's own SQL. Passwords come from files, so that none is in an
-- argument list, an environment or a log.
\set ON_ERROR_STOP on
\set postgres_password `cat /run/secrets/sink_postgres`
\set pgwatch_password `cat /run/secrets/sink_pgwatch`
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

-- The branch's SQL may have made these roles, and others. All have passwords that everybody can read.
SELECT 'CREATE ROLE pgwatch' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgwatch')
\gexec
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', rolname) FROM pg_roles
WHERE rolname NOT IN ('postgres', 'pgwatch') AND rolname !~ '^pg_'
\gexec
ALTER ROLE postgres PASSWORD :'postgres_password';
ALTER ROLE pgwatch NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS LOGIN PASSWORD :'pgwatch_password';
SELECT 'CREATE DATABASE measurements' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'measurements')
\gexec
ALTER DATABASE measurements OWNER TO pgwatch;
\connect measurements
ALTER SCHEMA public OWNER TO pgwatch;
-- pgwatch writes to a metric's table without naming its schema. The product has metrics that are named as views of
-- PostgreSQL's own, where it would ask for ever for columns that those have not, and store nothing more.
ALTER ROLE pgwatch IN DATABASE measurements SET search_path = public, pg_catalog;
-- pgwatch's tables are named after its metrics, and the product has one that is named as this extension's view.
SELECT unnest(ARRAY['CREATE SCHEMA IF NOT EXISTS extensions', 'ALTER EXTENSION pg_stat_statements SET SCHEMA extensions'])
WHERE EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements' AND extnamespace = 'public'::regnamespace)
\gexec
