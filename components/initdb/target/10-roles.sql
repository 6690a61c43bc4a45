-- Run once, by the superuser, in a new target database, after the branch's own SQL. Passwords come from files, so that
-- none is in an argument list, an environment or a log.
\set ON_ERROR_STOP on
\set postgres_password `cat /run/secrets/target_postgres`
\set pgwatch_password `cat /run/secrets/target_pgwatch`
\set workload_password `cat /run/secrets/target_workload`
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- The branch's SQL may have made these roles, and others. All have passwords that everybody can read.
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['pgwatch', 'workload']) AS own (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', rolname) FROM pg_roles
WHERE rolname NOT IN ('postgres', 'pgwatch', 'workload') AND rolname !~ '^pg_'
\gexec
ALTER ROLE postgres PASSWORD :'postgres_password';

ALTER ROLE pgwatch NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS LOGIN PASSWORD :'pgwatch_password'
CONNECTION LIMIT 10;
GRANT pg_monitor TO pgwatch;
ALTER ROLE pgwatch SET statement_timeout = '10s';
-- Whatever role the branch monitors with, a preview does it with this one: what that one may, this one may.
SELECT format('GRANT %I TO pgwatch', rolname) FROM pg_roles
WHERE rolname NOT IN ('postgres', 'pgwatch', 'workload') AND rolname !~ '^pg_' AND NOT rolsuper
AND NOT pg_has_role(rolname, 'pgwatch', 'MEMBER')
\gexec

ALTER ROLE workload NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS LOGIN PASSWORD :'workload_password'
CONNECTION LIMIT 6;
GRANT CREATE ON SCHEMA public TO workload;
CREATE SCHEMA IF NOT EXISTS workload AUTHORIZATION workload;
GRANT USAGE ON SCHEMA workload TO pgwatch;
ALTER DEFAULT PRIVILEGES FOR ROLE workload IN SCHEMA workload GRANT SELECT ON TABLES TO pgwatch;
