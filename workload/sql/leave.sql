-- Ends this role's other sessions in this database (a long statement outlives its client) and closes the open record; an
-- end before the table was made has none.
select pg_terminate_backend(pid, 1000)
from pg_stat_activity
where usename = current_user and datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend';
select to_regclass('workload.pattern') is not null as has_records \gset
\if :has_records
update workload.pattern set ended_at = now() where ended_at is null;
\endif
