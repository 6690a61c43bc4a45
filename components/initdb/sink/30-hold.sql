-- The sink's health check, by the superuser in the database postgres, every ten seconds: it holds what a reader's session
-- could lift. See 20-readers.sql.
\set ON_ERROR_STOP on
-- Made by an earlier version of the project.
SELECT to_regclass('kept_roles') IS NULL AS earlier
\gset
\if :earlier
\ir 20-readers.sql
\endif
-- Cancelling can be caught, this cannot. A transaction counts from its beginning, so none stays open either.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN kept_roles ON role = usesysid
WHERE state <> 'idle' AND clock_timestamp() - least(query_start, xact_start) > interval '20 seconds';

UPDATE pg_authid SET rolpassword = password FROM kept_roles
WHERE pg_authid.oid = role AND rolpassword IS DISTINCT FROM password;
DELETE FROM pg_db_role_setting USING kept_roles
WHERE setrole = role AND (setdatabase <> 0 OR setconfig <> settings);
INSERT INTO pg_db_role_setting SELECT 0, role, settings FROM kept_roles
WHERE NOT EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = role AND setdatabase = 0);
