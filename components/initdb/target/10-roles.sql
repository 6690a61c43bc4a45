-- Run once, by the superuser, in a new target database. Passwords come from files, so that none is in an argument
-- list, an environment or a log.
\set ON_ERROR_STOP on
\set pgwatch_password `cat /run/secrets/target_pgwatch`
\set workload_password `cat /run/secrets/target_workload`
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

CREATE ROLE pgwatch LOGIN PASSWORD :'pgwatch_password' CONNECTION LIMIT 10;
GRANT pg_monitor TO pgwatch;
ALTER ROLE pgwatch SET statement_timeout = '10s';

CREATE ROLE workload LOGIN PASSWORD :'workload_password' CONNECTION LIMIT 6;
GRANT CREATE ON SCHEMA public TO workload;
CREATE SCHEMA workload AUTHORIZATION workload;
GRANT USAGE ON SCHEMA workload TO pgwatch;
ALTER DEFAULT PRIVILEGES FOR ROLE workload IN SCHEMA workload GRANT SELECT ON TABLES TO pgwatch;
