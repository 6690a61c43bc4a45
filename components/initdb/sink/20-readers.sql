-- Run by the superuser in a new sink, after its roles are made, and in one that an earlier version of the project made.
-- What the anonymous viewers of Grafana and the backend may do: read measurements, for a while, and nothing else. Whoever
-- may ask any question may also change what a session may change, so nothing here rests on a session's settings.
\set ON_ERROR_STOP on
\set grafana_password `cat /run/secrets/sink_grafana`
\set backend_password `cat /run/secrets/sink_backend`

\connect measurements
BEGIN;
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['grafana', 'backend']) AS own (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
-- The branch's SQL, too, may have given them something.
SELECT format('REVOKE %I FROM %I', roleid::regrole, member::regrole) FROM pg_auth_members
WHERE member::regrole::text IN ('grafana', 'backend')
\gexec
REASSIGN OWNED BY grafana, backend TO pgwatch;
DROP OWNED BY grafana, backend;
-- To everybody: what a role is given by its name it can drop for all that use the role (DROP OWNED BY CURRENT_USER).
ALTER DEFAULT PRIVILEGES FOR ROLE pgwatch, postgres GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE pgwatch, postgres GRANT USAGE ON SCHEMAS TO PUBLIC;
SELECT unnest(ARRAY[
    format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', nspname),
    format('GRANT USAGE ON SCHEMA %I TO PUBLIC', nspname),
    format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC', nspname),
    format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO PUBLIC', nspname)
]) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
\gexec
-- No temporary table, no procedure of one's own; the database's owner, pgwatch, keeps both.
REVOKE CREATE, TEMPORARY ON DATABASE measurements FROM PUBLIC;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE plpgsql TO pgwatch;
-- Whatever changes something must say that it is volatile: large objects, locks, notifications, snapshots in files,
-- ending other sessions, messages in the log of changes. All of them, save those that only look.
SELECT unnest(ARRAY[
    format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', oid::regprocedure),
    format('GRANT EXECUTE ON ROUTINE %s TO pgwatch', oid::regprocedure)
]) FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v' AND prorettype <> 'trigger'::regtype
AND has_function_privilege('public', oid, 'EXECUTE')
AND proname !~ '^(random|setseed|clock_timestamp|timeofday|gen_random_uuid|bernoulli|system|pg_[a-z_]+_size)$'
AND proname !~ '^pg_(is_in_recovery|lock_status|blocking_pids|partition_(tree|ancestors)|stat_get_xact_[a-z_]+)$'
\gexec
COMMIT;

\connect postgres
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
BEGIN;
ALTER ROLE grafana NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS LOGIN PASSWORD :'grafana_password'
CONNECTION LIMIT 15;
ALTER ROLE backend NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS LOGIN PASSWORD :'backend_password'
CONNECTION LIMIT 5;
-- The first two are a courtesy, for a session can lift them: a statement that goes wrong says why.
SELECT unnest(ARRAY[
    format('ALTER ROLE %I RESET ALL', name),
    format('ALTER ROLE %I SET default_transaction_read_only = on', name),
    format('ALTER ROLE %I SET statement_timeout = ''15s''', name),
    format('ALTER ROLE %I SET temp_file_limit = ''64MB''', name)
]) FROM unnest(ARRAY['grafana', 'backend']) AS own (name)
\gexec
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO pgwatch;
-- A role may change its own password and settings: 30-hold.sql puts back what is here, which the superuser alone reads.
CREATE TABLE kept_roles AS SELECT pg_authid.oid AS role, rolpassword AS password, setconfig AS settings
FROM pg_authid JOIN pg_db_role_setting ON setrole = pg_authid.oid AND setdatabase = 0
WHERE rolname IN ('grafana', 'backend');
COMMIT;
